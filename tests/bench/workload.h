#pragma once
// The events that every benchmark feeds: leads of the three shipped playbooks over 90 days, in order of time.
// Generated, the same on every machine. Owner: the process; the file is removed at its end. Threads: one.

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "rules/playbook.h"

namespace relance::bench {

class Workload {
 public:
  /// 100,000 leads, or RELANCE_BENCH_LEADS of them; about ten events each.
  static const Workload& shared();
  ~Workload();
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  /// JSON Lines.
  std::filesystem::path file() const { return folder_ / "events.jsonl"; }
  /// For whatever else a benchmark writes.
  const std::filesystem::path& folder() const { return folder_; }
  std::size_t events() const { return events_; }
  /// The first `count` lines: for benchmarks that must not measure the reading of a file.
  std::vector<std::string> first_lines(std::size_t count) const;

 private:
  explicit Workload(std::size_t leads);

  std::filesystem::path folder_;
  std::size_t events_ = 0;
};

/// The shipped playbooks.
const rules::Rulebook& shipped_playbooks();

/// Ends the process: what a benchmark needs is not there.
[[noreturn]] void give_up(const std::string& why);

}  // namespace relance::bench
