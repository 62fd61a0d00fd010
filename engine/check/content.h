#pragma once
// What every marketing email must show its reader: who sends it, from where, and how to object (compliance.md, 8); and
// which legal packs ask for it, with the clause. Internal to the check.

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "engine/check/check.h"
#include "engine/render/template_set.h"

namespace relance::engine {

/// The names whose values every reader of a template's file sees: outside of sections that may be left out, of the
/// subject line, and in HTML of comments and the head. `source` is a template that parses.
std::set<std::string> shown_to_everybody(std::string_view source, bool is_html);

/// Looks at the email templates that the rulebook's steps use, in all their languages, text and HTML.
void check_content(const rules::Rulebook& rulebook, const std::filesystem::path& folder, const TemplateSet& templates,
                   SourceMap& sources, CheckReport& report);

}  // namespace relance::engine
