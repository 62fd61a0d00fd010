#include "ingest.h"

#include "engine/intake/event_reader.h"
#include "engine/intake/jsonl_reader.h"
#include "workload.h"

namespace relance::bench {

namespace {

constexpr std::size_t kEventsPerCommit = 1000;

}  // namespace

void expect(const tl::expected<void, engine::StoreError>& done) {
  if (!done) give_up(done.error().message);
}

Ingest::Ingest(engine::RocksStore& store) : store_(store), processor_(shipped_playbooks(), store, *this) {}

void Ingest::run(const std::filesystem::path& file) {
  engine::EventReader reader;
  const auto read = engine::for_each_line(file, 0, [&](const engine::JsonlLine& line) {
    auto event = reader.read(line.text, std::nullopt);
    if (!event) give_up("an event is unusable: " + engine::reason_of(event.error()));
    handle(*event);
    store_.set_position({"file:events.jsonl", line.next});
    if (++handled_ % kEventsPerCommit == 0) commit();
    return true;
  });
  if (!read) give_up(read.error().message);
  commit();
}

void Ingest::handle(const rules::Event& event) {
  const rules::Instant before = processor_.instant_of(event) - rules::Duration{1};
  while (processor_.do_next_due(before)) {
    if (++due_ % kEventsPerCommit == 0) commit();
  }
  processor_.handle(event);
}

/// Queued actions are durable before they are started, so they end in the batch after their own.
void Ingest::commit() {
  std::vector<Emitted> emitted;
  emitted.swap(emitted_);
  store_.set_position({"engine:clock", processor_.clock().ms});  // as a daemon's engine does
  expect(store_.commit());
  for (const Emitted& touch : emitted) complete(touch);
}

void Ingest::complete(const Emitted& touch) {
  const auto answer = processor_.hand_off(touch.lead, touch.action, touch.revision);
  store_.erase_outbox(touch.action);
  if (answer.answer != rules::HandOff::Answer::go) return;
  rules::cel::Map data;
  data.emplace_back(rules::cel::Value("action"), rules::cel::Value(touch.action.value.view()));
  data.emplace_back(rules::cel::Value("channel"), rules::cel::Value(to_string(touch.channel)));
  data.emplace_back(rules::cel::Value("outcome"),
                    rules::cel::Value(touch.channel == rules::Channel::email ? "sent" : "completed"));
  rules::Event event;
  event.id = std::string(touch.action.value);
  event.source = "relance/bench";
  event.type = rules::EventType::touch_completed;
  event.lead = touch.lead;
  event.time = processor_.clock();
  event.data = rules::cel::Value(std::move(data));
  processor_.handle_own(event);
}

void Ingest::emitted(rules::LeadState& lead, const rules::EmitTouch& effect) {
  engine::OutboxRow row;
  row.id = effect.touch.action;
  row.kind = effect.touch.channel == rules::Channel::email ? engine::ActionKind::email : engine::ActionKind::task;
  row.lead = lead.id;
  row.playbook = effect.touch.playbook;
  row.revision = effect.revision;
  row.step = effect.touch.step;
  row.channel = effect.touch.channel;
  row.template_name = effect.template_name.value_or("");
  row.created = effect.touch.at;
  row.due = effect.touch.due;
  row.not_after = effect.touch.not_after;
  store_.put_outbox(row);
  emitted_.push_back({lead.id, row.id, row.revision, effect.touch.channel});
}

}  // namespace relance::bench
