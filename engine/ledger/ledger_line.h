#pragma once
// A ledger record as its one line of JSON. Source: events-and-ledger.md, "The ledger".
// Field order is fixed and nothing depends on locale or hashing: the same record prints the same bytes everywhere.
// Threads: pure functions.

#include <cstdint>
#include <string>
#include <string_view>

#include "rules/record.h"

namespace relance::engine {

/// What a line carries besides the record. Empty texts are absent from the line.
struct LineContext {
  std::uint64_t seq = 0;     // position in the partition's ledger; 0 is the first
  std::string_view subject;  // the random id that stands for the person
  std::string_view lead;     // never stored: only what the CLI, the API and the simulator print has it
  std::string_view account;
  std::string_view cause;  // the event's id, "timer", or an operator's command
};

/// Appends `{"seq":...}` without a newline. Texts that are no UTF-8 are printed with U+FFFD for each wrong octet.
void append_ledger_line(std::string& out, const rules::Record& record, const LineContext& context);

/// Appends `text` as the inside of a JSON string (no quotes), escaped as above.
void append_json_text(std::string& out, std::string_view text);

/// The same line with `"lead":"..."` where append_ledger_line() would have put it: for printing a stored line to a
/// caller who may see whom it is about. `line` must come from append_ledger_line().
std::string with_lead(std::string_view line, std::string_view lead);

/// The text of `subject` in a line of append_ledger_line(); empty when it has none.
std::string_view subject_of(std::string_view line);

}  // namespace relance::engine
