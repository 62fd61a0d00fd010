#pragma once
// One lead of a simulation as a drawing (SVG) and the table of its records, for a page. Pure; any thread.

#include <cstddef>
#include <string>
#include <vector>

#include "rules/playbook.h"
#include "rules/record.h"

namespace relance::engine {

struct LeadStory {
  struct Promise {
    rules::Instant started;
    rules::Instant deadline;
  };
  std::string lead;
  std::string account;  // empty: the lead alone
  rules::Zone zone;
  const rules::Form* form = nullptr;  // of the newest enrollment: its contact hours are drawn; null: never enrolled
  std::string country;                // for holidays
  std::vector<rules::Record> records;
  std::size_t left_out = 0;  // records beyond those that are kept
  std::vector<Promise> promises;
};

/// An <article>: heading, drawing, table. `number` makes its ids unique in the page.
std::string draw(const LeadStory& story, std::size_t number);

/// How rules are told apart in the drawing: a class of its own for each family, and a letter.
struct RuleFamily {
  const char* css;     // "cap"
  const char* letter;  // "C"
  const char* text;    // "a cap is full"
};
const RuleFamily& family_of(std::string_view rule);
const std::vector<RuleFamily>& rule_families();

}  // namespace relance::engine
