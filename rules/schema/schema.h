#pragma once
// The JSON Schemas of playbook files, house.yaml and policy packs (draft 2020-12), for editors and CI. Written from the
// loader's own tables (rules/loader_keys.h), so they cannot promise a key that the loader does not know. The files
// beside this one are these texts; a test compares them. What a schema cannot say (unique ids, conditions that
// type-check, zones, days in order) only the loader checks.

#include <string>

namespace relance::rules {

std::string playbook_schema();
std::string house_schema();
std::string policy_schema();

}  // namespace relance::rules
