#include "engine/store/row_codec.h"

#include <algorithm>

#include "engine/store/id_octets.h"
#include "engine/store/message_fields.h"
#include "engine/store/row_writer.h"
#include "engine/store/rows.pb.h"

namespace relance::engine {
namespace {

constexpr std::uint32_t kRowEncoding = 1;

template <class Message>
std::optional<Message> parse(std::string_view row) {
  Message message;
  if (!message.ParseFromArray(row.data(), static_cast<int>(row.size()))) return std::nullopt;
  return message;
}

}  // namespace

std::string encode_suppression(const SuppressionEntry& entry) {
  store::SuppressionRow message;
  message.set_key_id(entry.key_id);
  message.set_scope(entry.scope);
  message.set_cause(entry.cause);
  message.set_intake(entry.intake);
  message.set_at(entry.at.ms);
  return message.SerializeAsString();
}

std::optional<SuppressionEntry> decode_suppression(std::string_view row) {
  const auto message = parse<store::SuppressionRow>(row);
  if (!message) return std::nullopt;
  return SuppressionEntry{message->key_id(), message->scope(), message->cause(), message->intake(),
                          rules::Instant{message->at()}};
}

std::string encode_account(const std::vector<rules::AccountTouch>& touches) {
  std::string row;
  RowWriter out(row);
  for (const auto& touch : touches) {
    out.message(1, [&] {
      out.signed_number(1, touch.at.ms);
      out.number(2, static_cast<std::uint32_t>(touch.channel));
      out.id_octets(3, touch.action.value);
    });
  }
  out.finish();
  return row;
}

std::optional<std::vector<rules::AccountTouch>> decode_account(std::string_view row) {
  const auto message = parse<store::AccountRow>(row);
  if (!message) return std::nullopt;
  std::vector<rules::AccountTouch> touches;
  touches.reserve(static_cast<std::size_t>(message->touches_size()));
  for (const auto& in : message->touches()) {
    rules::AccountTouch& touch = touches.emplace_back();
    touch.at = rules::Instant{in.at()};
    touch.action.value = from_id_octets(in.action());
    if (!get_enumeration(in.channel(), rules::Channel::meeting, touch.channel)) return std::nullopt;
  }
  return touches;
}

std::string encode_operations(const rules::Operations& operations) {
  store::OperationsRow message;
  message.set_encoding(kRowEncoding);
  for (const rules::Halt& halt : operations.halts) {
    store::Halt& row = *message.add_halts();
    if (halt.scope.playbook) row.set_playbook(std::string(halt.scope.playbook->value));
    if (halt.scope.channel) row.set_channel(static_cast<std::uint32_t>(*halt.scope.channel));
    row.set_since(halt.since.ms);
    row.set_by(halt.by);
    row.set_reason(halt.reason);
  }
  for (const auto& [playbook, rates] : operations.rates) {
    store::PlaybookRates& row = *message.add_rates();
    row.set_playbook(std::string(playbook.value));
    for (const rules::CountedHour& hour : rates.hours) {
      store::CountedHour& counted = *row.add_hours();
      counted.set_hour(hour.hour);
      for (const std::uint32_t count : hour.counts) counted.add_counts(count);
    }
    for (const rules::Trip& trip : rates.trips) {
      store::Trip& tripped = *row.add_trips();
      tripped.set_metric(static_cast<std::uint32_t>(trip.metric));
      if (trip.action) tripped.set_action(static_cast<std::uint32_t>(*trip.action));
      tripped.set_flag(trip.flag);
      tripped.set_since(trip.since.ms);
    }
  }
  return message.SerializeAsString();
}

namespace {

std::optional<rules::Halt> halt_of(const store::Halt& row) {
  rules::Halt halt;
  if (!row.playbook().empty()) halt.scope.playbook = rules::PlaybookId(row.playbook());
  if (row.has_channel()) {
    rules::Channel channel = rules::Channel::email;
    if (!get_enumeration(row.channel(), rules::Channel::meeting, channel)) return std::nullopt;
    halt.scope.channel = channel;
  }
  halt.since = rules::Instant{row.since()};
  halt.by = row.by();
  halt.reason = row.reason();
  return halt;
}

std::optional<rules::Trip> trip_of(const store::Trip& row) {
  rules::Trip trip;
  if (!get_enumeration(row.metric(), rules::Guardrail::Metric::wrong_number_rate, trip.metric)) return std::nullopt;
  if (row.has_action()) {
    auto action = rules::Guardrail::Action::pause;
    if (!get_enumeration(row.action(), rules::Guardrail::Action::pause, action)) return std::nullopt;
    trip.action = action;
  }
  trip.flag = row.flag();
  trip.since = rules::Instant{row.since()};
  return trip;
}

std::optional<rules::PlaybookRates> rates_of(const store::PlaybookRates& row) {
  rules::PlaybookRates rates;
  for (const store::CountedHour& counted : row.hours()) {
    rules::CountedHour& hour = rates.hours.emplace_back();
    hour.hour = counted.hour();
    if (static_cast<std::size_t>(counted.counts_size()) > hour.counts.size()) return std::nullopt;
    std::copy(counted.counts().begin(), counted.counts().end(), hour.counts.begin());
  }
  for (const store::Trip& tripped : row.trips()) {
    const auto trip = trip_of(tripped);
    if (!trip) return std::nullopt;
    rates.trips.push_back(*trip);
  }
  return rates;
}

}  // namespace

std::optional<rules::Operations> decode_operations(std::string_view row) {
  const auto message = parse<store::OperationsRow>(row);
  if (!message || message->encoding() != kRowEncoding) return std::nullopt;
  rules::Operations operations;
  for (const store::Halt& halted : message->halts()) {
    const auto halt = halt_of(halted);
    if (!halt) return std::nullopt;
    operations.halts.push_back(*halt);
  }
  for (const store::PlaybookRates& watched : message->rates()) {
    auto rates = rates_of(watched);
    if (!rates) return std::nullopt;
    operations.rates.emplace(rules::PlaybookId(watched.playbook()), std::move(*rates));
  }
  return operations;
}

std::string encode_outbox(const SealedOutboxRow& sealed) {
  const auto& [id, kind, state, lead, playbook, revision, step, channel, template_name, reason, to, created, due,
               not_after, not_before, attempts, may_have_happened, was_unknown, payload, resend_on_unknown, parked_at,
               parked_because] = sealed.row;
  std::string bytes;
  RowWriter out(bytes);
  out.number(1, kRowEncoding);
  out.number(2, static_cast<std::uint32_t>(kind));
  out.number(3, static_cast<std::uint32_t>(state));
  out.octets(4, lead.value);
  out.octets(5, playbook.value);
  out.id_octets(6, revision.value);
  out.octets(7, step.value);
  if (channel) out.present_number(8, static_cast<std::uint32_t>(*channel));
  out.octets(9, template_name);
  out.octets(10, reason);
  out.octets(11, to);
  out.instant(12, created);
  out.instant(13, due);
  out.instant(14, not_after);
  if (not_before != rules::Instant::earliest()) out.present_instant(15, not_before);
  out.signed_number(16, attempts);
  out.id_octets(17, sealed.subject.value);
  out.octets(18, payload);
  out.number(19, may_have_happened);
  out.instant(20, parked_at);
  out.octets(21, parked_because);
  out.number(22, resend_on_unknown);
  out.number(23, was_unknown);
  out.finish();
  return bytes;
}

std::optional<SealedOutboxRow> decode_outbox(std::string_view bytes) {
  const auto message = parse<store::OutboxRow>(bytes);
  if (!message || message->encoding() != kRowEncoding) return std::nullopt;
  SealedOutboxRow sealed;
  OutboxRow& row = sealed.row;
  if (!get_enumeration(message->kind(), ActionKind::cancel, row.kind)) return std::nullopt;
  if (!get_enumeration(message->state(), OutboxState::parked, row.state)) return std::nullopt;
  if (message->has_channel() && !get_enumeration(message->channel(), rules::Channel::meeting, row.channel.emplace())) {
    return std::nullopt;
  }
  row.lead.value = message->lead();
  row.playbook.value = message->playbook();
  row.revision.value = from_id_octets(message->revision());
  row.step.value = message->step();
  row.template_name = message->template_name();
  row.reason = message->reason();
  row.to = message->to();
  row.created = instant_or_never(message->has_created(), message->created());
  row.due = instant_or_never(message->has_due(), message->due());
  row.not_after = instant_or_never(message->has_not_after(), message->not_after());
  row.not_before = message->has_not_before() ? rules::Instant{message->not_before()} : rules::Instant::earliest();
  row.attempts = message->attempts();
  row.may_have_happened = message->may_have_happened();
  row.was_unknown = message->was_unknown();
  row.payload = message->sealed_payload();
  row.parked_at = instant_or_never(message->has_parked_at(), message->parked_at());
  row.parked_because = message->parked_because();
  row.resend_on_unknown = message->resend_on_unknown();
  sealed.subject.value = from_id_octets(message->subject());
  return sealed;
}

std::string encode_dead_letter(const DeadLetter& letter) {
  store::DeadLetterRow message;
  message.set_encoding(kRowEncoding);
  message.set_reason(letter.reason);
  message.set_input(letter.input);
  message.set_octets(letter.bytes);
  message.set_at(letter.at.ms);
  return message.SerializeAsString();
}

std::optional<DeadLetter> decode_dead_letter(std::string_view row) {
  const auto message = parse<store::DeadLetterRow>(row);
  if (!message || message->encoding() != kRowEncoding) return std::nullopt;
  return DeadLetter{message->reason(), message->input(), message->octets(), rules::Instant{message->at()}};
}

}  // namespace relance::engine
