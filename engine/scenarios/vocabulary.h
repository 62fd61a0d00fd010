#pragma once
// The names that an expectation may use: those of the language, and those of the playbooks at hand. Values; any thread.

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rules/event.h"
#include "rules/playbook.h"
#include "rules/record.h"

namespace relance::engine {

class Vocabulary {
 public:
  explicit Vocabulary(const rules::Rulebook& rulebook);

  bool knows_playbook(std::string_view id) const { return playbooks_.find(id) != playbooks_.end(); }
  bool knows_step(std::string_view id) const { return steps_.find(id) != steps_.end(); }
  /// A step, channel, rule, reason, outcome, intake, playbook, variant or arm.
  bool knows_name(std::string_view name) const;

  std::vector<std::string_view> playbooks() const { return {playbooks_.begin(), playbooks_.end()}; }
  std::vector<std::string_view> steps() const { return {steps_.begin(), steps_.end()}; }
  std::vector<std::string_view> names() const { return {names_.begin(), names_.end()}; }

 private:
  std::set<std::string, std::less<>> playbooks_;
  std::set<std::string, std::less<>> steps_;
  std::set<std::string, std::less<>> names_;
};

/// The types of records that a simulation may write, in the order of their numbers.
const std::vector<std::string_view>& record_type_names();
std::optional<rules::RecordType> parse_record_type(std::string_view name);
/// "touch" of touch.emitted, and so on; sorted, once each.
const std::vector<std::string_view>& record_groups();

/// The keys that the contract knows in the data of an event type (events-and-ledger.md, "Events in"); empty for types
/// whose data are free attributes.
std::vector<std::string_view> data_keys(rules::EventType type);

}  // namespace relance::engine
