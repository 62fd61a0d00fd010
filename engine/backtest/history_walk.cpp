#include "engine/backtest/history_walk.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace relance::engine {

using rules::Event;
using rules::EventType;
using rules::Instant;

namespace {

/// Says something about the person, whoever called or wrote.
bool protects(const Event& event) {
  const std::string_view outcome = event.text("outcome");
  return event.text("bounce") == "hard" || outcome == "refused" || outcome == "wrong_number";
}

/// The same event without `action`: the touch it names is the history's, not this set's.
Event without_action(const Event& event) {
  Event copy = event;
  rules::cel::Map data;
  if (const rules::cel::Map* map = event.data.map()) {
    for (const auto& [key, value] : *map) {
      if (!key.string() || *key.string() != "action") data.emplace_back(key, value);
    }
  }
  copy.data = rules::cel::Value(std::move(data));
  return copy;
}

}  // namespace

bool is_of_a_touch(EventType type) {
  switch (type) {
    case EventType::touch_completed:
    case EventType::touch_delivered:
    case EventType::touch_opened:
    case EventType::touch_clicked:
    case EventType::touch_replied:
      return true;
    default:
      return false;
  }
}

HistoryWalk::HistoryWalk(const rules::Rulebook& rulebook, MemoryStore::LedgerSink ledger, std::size_t leads_at_hand)
    : simulation_(
          rulebook,
          [this, ledger = std::move(ledger)](std::uint64_t seq, const LedgerContext& context,
                                             const std::vector<rules::Record>& records) {
            for (const rules::Record& record : records) {
              if (record.type == rules::RecordType::touch_emitted)
                touched_on_[context.lead->id].insert(*record.channel);
            }
            ledger(seq, context, records);
          },
          {}, leads_at_hand) {}

bool HistoryWalk::has_touched(const Event& event) const {
  const rules::ChannelSet* touched = touched_on_.find(event.lead);
  if (touched == nullptr) return false;
  const auto channel = rules::parse_channel(event.text("channel"));
  return !channel || touched->contains(*channel);
}

bool HistoryWalk::handle(const Event& event, Instant clock) {
  clock_ = std::max({clock_, clock, event.time});
  if (!is_of_a_touch(event.type)) {
    simulation_.handle(event, clock_);
    return true;
  }
  simulation_.run_until(clock_ - rules::Duration{1});  // what this set has sent by then
  if (!protects(event) && !has_touched(event)) return false;
  simulation_.handle(without_action(event), clock_);
  return true;
}

}  // namespace relance::engine
