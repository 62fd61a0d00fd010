#pragma once
// Strong identifiers: a LeadId is not an AccountId. Values; the text is whatever the CRM or the author wrote.

#include <compare>
#include <functional>
#include <string_view>
#include <utility>

#include "rules/text.h"

namespace relance::rules {

template <class Tag>
struct Id {
  Text value;
  Id() = default;
  explicit Id(Text text) : value(std::move(text)) {}
  friend bool operator==(const Id&, const Id&) = default;
  friend auto operator<=>(const Id&, const Id&) = default;
  bool empty() const { return value.empty(); }
};

using LeadId = Id<struct LeadTag>;
using AccountId = Id<struct AccountTag>;
using PlaybookId = Id<struct PlaybookTag>;
using StepId = Id<struct StepTag>;
/// SHA-256 of the canonical form, lower-case hexadecimal (64 characters).
using Revision = Id<struct RevisionTag>;
/// Hash of enrollment, step and attempt, lower-case hexadecimal (32 characters): the same on every replay.
using ActionId = Id<struct ActionTag>;
/// Random 128 bits in the daemon, derived from the lead id in simulations; 32 lower-case hexadecimal characters.
using SubjectId = Id<struct SubjectTag>;
using EnrollmentId = Id<struct EnrollmentTag>;

}  // namespace relance::rules

template <class Tag>
struct std::hash<relance::rules::Id<Tag>> {
  std::size_t operator()(const relance::rules::Id<Tag>& id) const noexcept {
    return std::hash<std::string_view>{}(id.value);
  }
};
