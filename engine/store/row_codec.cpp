#include "engine/store/row_codec.h"

#include "engine/store/id_octets.h"
#include "engine/store/message_fields.h"
#include "engine/store/row_writer.h"
#include "engine/store/rows.pb.h"

namespace relance::engine {
namespace {

constexpr std::uint32_t kEncoding = 1;

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

std::string encode_outbox(const SealedOutboxRow& sealed) {
  const auto& [id, kind, state, lead, playbook, revision, step, channel, template_name, reason, to, created, due,
               not_after, not_before, attempts, may_have_happened, payload] = sealed.row;
  std::string bytes;
  RowWriter out(bytes);
  out.number(1, kEncoding);
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
  out.finish();
  return bytes;
}

std::optional<SealedOutboxRow> decode_outbox(std::string_view bytes) {
  const auto message = parse<store::OutboxRow>(bytes);
  if (!message || message->encoding() != kEncoding) return std::nullopt;
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
  row.payload = message->sealed_payload();
  sealed.subject.value = from_id_octets(message->subject());
  return sealed;
}

std::string encode_dead_letter(const DeadLetter& letter) {
  store::DeadLetterRow message;
  message.set_encoding(kEncoding);
  message.set_reason(letter.reason);
  message.set_input(letter.input);
  message.set_octets(letter.bytes);
  message.set_at(letter.at.ms);
  return message.SerializeAsString();
}

std::optional<DeadLetter> decode_dead_letter(std::string_view row) {
  const auto message = parse<store::DeadLetterRow>(row);
  if (!message || message->encoding() != kEncoding) return std::nullopt;
  return DeadLetter{message->reason(), message->input(), message->octets(), rules::Instant{message->at()}};
}

}  // namespace relance::engine
