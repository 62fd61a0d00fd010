#pragma once
// A file of events, read once: which of its lines are events, of which leads, in which order, and which leads belong
// together by what the lines say. The lines stay in the file and are read again when their turn comes.
// Memory: 32 octets for each event, some 100 for each lead; while reading, about 30 more for each event and name.
// Threads: none while it is read; afterwards any number, each with an EventLines of its own. Errors: values.

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "engine/backtest/coupling.h"
#include "engine/backtest/lead_table.h"
#include "engine/intake/event_reader.h"

namespace relance::engine {

struct History {
  struct Entry {
    std::int64_t begin = 0;    // octet of the file at which its line begins
    std::uint64_t digest = 0;  // of the line
    std::uint32_t size = 0;    // of the line
    std::uint32_t lead = 0;    // its place in `leads`
    /// The latest time of an event up to here: one that arrives late is handled at this instant.
    rules::Instant clock;
  };
  struct Nothing {};

  std::string path;
  std::vector<Entry> entries;  // in the order of the file, without duplicates; at most 2^32 - 1
  LeadTable<Nothing> leads;    // of events, and those into which others are merged
  /// By the text of events, before anybody has decided what it means: phone numbers by their last digits, say.
  Coupling coupling;
  std::uint64_t events = 0;  // with duplicates
  std::uint64_t dead_letters = 0;
};

/// The error: it cannot be read, or is no file (a pipe is gone once it was read). `dead_letter`: every line that is no
/// event, with its message. `by_owner`: leads of one owner are coupled, too.
[[nodiscard]] tl::expected<History, std::string> read_history(
    const std::string& path, const std::function<void(const std::string&)>& dead_letter, bool by_owner);

/// Reads lines of a history again. Threads: one.
class EventLines {
 public:
  /// `history` must outlive it.
  static tl::expected<EventLines, std::string> open(const History& history);
  /// The error: the file cannot be read, or is no longer what it was.
  tl::expected<rules::Event, std::string> read(const History::Entry& entry);

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  EventLines(const History& history, std::FILE* file) : history_(&history), file_(file) {}

  const History* history_;
  std::unique_ptr<std::FILE, Closer> file_;
  std::string line_;
  EventReader reader_;
};

}  // namespace relance::engine
