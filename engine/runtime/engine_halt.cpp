// The engine's part in halting: between two decisions, so that the gate's next asking knows.

#include <algorithm>

#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "engine/runtime/engine.h"
#include "rules/loader_keys.h"

namespace relance::engine {

namespace {

using nlohmann::ordered_json;

void stage_record(DurableStore& store, rules::RecordType type, const HaltOrder& order, rules::Instant now) {
  rules::Record record;
  record.type = type;
  record.at = now;
  record.playbook = order.scope.playbook;
  record.channel = order.scope.channel;
  record.reason = order.reason;
  record.actor = order.by;
  store.append({nullptr, "operator"}, {record});
}

void log(const char* event, const HaltOrder& order) {
  spdlog::warn("event={} playbook={} channel={} by=\"{}\"", event,
               order.scope.playbook ? order.scope.playbook->value : "any",
               order.scope.channel ? rules::to_string(*order.scope.channel) : "any", order.by);
}

bool is_halted(const rules::Operations& operations, const rules::HaltScope& scope) {
  return std::any_of(operations.halts.begin(), operations.halts.end(),
                     [&](const rules::Halt& halt) { return halt.scope == scope; });
}

/// The scope is a playbook of which a guardrail has tripped: resuming it acknowledges that.
bool has_tripped(const rules::Operations& operations, const rules::HaltScope& scope) {
  if (!scope.playbook) return false;
  const auto found = operations.rates.find(*scope.playbook);
  return found != operations.rates.end() && !found->second.trips.empty();
}

}  // namespace

HaltAnswer Engine::halt(const HaltOrder& order) {
  HaltAnswer answer = HaltAnswer::nothing;
  const bool certain = call_durably([&] {
    const auto& playbook = order.scope.playbook;
    if (playbook && !parts_.rulebook->knows(*playbook)) {  // a file that is gone may have leads in flight
      answer = HaltAnswer::unknown_playbook;
      return false;
    }
    if (is_halted(parts_.store.operations(), order.scope)) return false;
    answer = HaltAnswer::done;
    parts_.store.change_operations().halts.push_back({order.scope, processor_.clock(), order.by, order.reason});
    stage_record(parts_.store, rules::RecordType::halted, order, processor_.clock());
    log("halted", order);
    return true;
  });
  return certain ? answer : HaltAnswer::stopping;
}

HaltAnswer Engine::resume(const HaltOrder& order) {
  HaltAnswer answer = HaltAnswer::nothing;
  const bool certain = call_durably([&] {
    const bool trips = has_tripped(parts_.store.operations(), order.scope);
    if (!is_halted(parts_.store.operations(), order.scope) && !trips) return false;
    answer = HaltAnswer::done;
    rules::Operations& operations = parts_.store.change_operations();
    std::erase_if(operations.halts, [&](const rules::Halt& halt) { return halt.scope == order.scope; });
    if (trips) operations.rates.erase(*order.scope.playbook);
    stage_record(parts_.store, rules::RecordType::resumed, order, processor_.clock());
    log("resumed", order);
    begin_resuming();
    return true;
  });
  return certain ? answer : HaltAnswer::stopping;
}

void Engine::begin_resuming() {
  ResumeWalk::stage_beginning(parts_.store);
  resume_walk_.emplace();
  parts_.outbox.ask_held();
}

std::optional<std::string> Engine::halts_json() {
  ordered_json json{{"halts", ordered_json::array()}, {"guardrails", ordered_json::array()}};
  const bool asked = call([&] {
    const rules::Operations& operations = parts_.store.operations();
    for (const rules::Halt& halt : operations.halts) {
      ordered_json item = ordered_json::object();
      if (halt.scope.playbook) item["playbook"] = halt.scope.playbook->value;
      if (halt.scope.channel) item["channel"] = rules::to_string(*halt.scope.channel);
      if (!halt.scope.playbook && !halt.scope.channel) item["all"] = true;
      item["since"] = rules::to_string(halt.since);
      item["by"] = halt.by;
      item["reason"] = halt.reason;
      json["halts"].push_back(std::move(item));
    }
    for (const auto& [playbook, rates] : operations.rates) {
      for (const rules::Trip& trip : rates.trips) {
        ordered_json item{{"playbook", playbook.value},
                          {"metric", rules::guardrail_metric_names()[static_cast<std::size_t>(trip.metric)]}};
        if (trip.action) item["do"] = rules::guardrail_action_names()[static_cast<std::size_t>(*trip.action)];
        if (!trip.flag.empty()) item["flag"] = trip.flag;
        item["since"] = rules::to_string(trip.since);
        json["guardrails"].push_back(std::move(item));
      }
    }
  });
  if (!asked) return std::nullopt;
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace relance::engine
