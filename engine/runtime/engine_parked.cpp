// The engine's part in deciding about actions whose outcome is unknown: what must happen between two decisions.

#include <nlohmann/json.hpp>

#include "engine/runtime/engine.h"

namespace relance::engine {

using nlohmann::ordered_json;
using rules::Instant;

namespace {

/// Names the lead, as the timeline does, and no address.
ordered_json json_of(const OutboxRow& row) {
  ordered_json json{{"action", row.id.value}, {"kind", to_string(row.kind)}, {"lead", row.lead.value}};
  if (!row.playbook.empty()) json["playbook"] = row.playbook.value;
  if (!row.step.empty()) json["step"] = row.step.value;
  if (row.channel) json["channel"] = rules::to_string(*row.channel);
  json["created"] = rules::to_string(row.created);
  json["due"] = rules::to_string(row.due);
  if (row.not_after != Instant::never()) json["not_after"] = rules::to_string(row.not_after);
  json["attempts"] = row.attempts;
  if (row.parked_at != Instant::never()) json["parked_at"] = rules::to_string(row.parked_at);
  if (!row.parked_because.empty()) json["because"] = row.parked_because;
  return json;
}

}  // namespace

std::optional<std::string> Engine::parked_json(std::size_t limit) {
  std::optional<ordered_json> json;
  call([&] {
    json = ordered_json{{"total", parts_.outbox.parked()}, {"parked", ordered_json::array()}};
    for (const OutboxRow& row : parts_.outbox.parked_rows(limit)) (*json)["parked"].push_back(json_of(row));
  });
  if (!json) return std::nullopt;
  return json->dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ReleaseAnswer Engine::release(const ParkedRelease& release) {
  ReleaseAnswer answer;
  const bool certain = call_durably([&] {
    answer = parts_.outbox.release_parked(release, processor_);
    return answer.kind == ReleaseAnswer::Kind::done;
  });
  return certain ? answer : ReleaseAnswer{};
}

}  // namespace relance::engine
