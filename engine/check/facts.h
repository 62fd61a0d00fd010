#pragma once
// What the conditions of a playbook can tell apart: the attributes of a lead (and of the enrolling event) that they
// look at, with the values between which they choose. From these the checker makes every kind of lead that may arrive.
// Pure; any thread.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "rules/cel/value.h"
#include "rules/playbook.h"
#include "rules/policy_verdict.h"

namespace relance::engine {

struct Fact {
  enum class Of { lead, event };
  Of of = Of::lead;
  std::string name;
  std::vector<std::optional<rules::cel::Value>> values;  // nullopt: the attribute is absent
  /// Every value that there may be behaves like one of `values`. False when a condition does with it what only a
  /// person could foresee (a regular expression, arithmetic, another attribute).
  bool closed = true;
};

/// What one condition looks at.
struct ConditionUse {
  const rules::Condition* condition = nullptr;
  std::vector<std::size_t> facts;  // places in Facts::all
  bool uses_enrollment = false;
  bool uses_now = false;
  bool opaque = false;  // looks at something that no fact stands for
};

struct Facts {
  std::vector<Fact> all;
  std::vector<ConditionUse>
      uses;  // enroll.when, variants, exceptions, disqualify, skip_if and requires of every step of every form
  bool by_country = false;  // contact hours know the holidays of several countries, or legal packs apply
  bool by_law = false;      // legal packs apply: they ask for country and kind

  const ConditionUse* find(const rules::Condition& condition) const;
  /// The facts are all that it depends on: what never holds for any of their values never holds.
  bool is_decidable(const rules::Condition& condition) const;
};

Facts facts_of(const rules::Playbook& playbook, const rules::PolicyPacks& packs);

}  // namespace relance::engine
