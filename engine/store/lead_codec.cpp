#include "engine/store/lead_codec.h"

#include <google/protobuf/io/coded_stream.h>

#include <bit>
#include <optional>
#include <type_traits>
#include <utility>

#include "engine/store/id_octets.h"
#include "engine/store/lead.pb.h"
#include "engine/store/message_fields.h"
#include "engine/store/row_writer.h"

namespace relance::engine {
namespace {

using rules::Instant;

constexpr std::uint32_t kLeadEncoding = 1;
/// Attributes nest at most as deep as intake allows; each level of theirs is up to three messages.
constexpr int kMaxMessageDepth = 1000;

// ---- state: writing; the bindings name every member, so that a new one does not compile before it is stored ----

/// The place of the touch's step in the running enrollment, if it belongs to that.
std::optional<std::uint32_t> running_step(const rules::EmittedTouch& touch,
                                          const std::optional<rules::Enrollment>& running) {
  if (!running || touch.enrollment != running->ordinal || touch.playbook != running->playbook) return std::nullopt;
  for (std::uint32_t i = 0; i < running->steps.size(); ++i) {
    if (running->steps[i].id == touch.step) return i;
  }
  return std::nullopt;
}

void write(const rules::EmittedTouch& touch, const std::optional<rules::Enrollment>& running, RowWriter& out) {
  const auto& [at, channel, playbook, enrollment, step, action, due, not_after, form, handed_off, unanswered] = touch;
  const auto place = running_step(touch, running);
  out.instant(1, at);
  out.number(2, static_cast<std::uint32_t>(channel));
  if (!place) {
    out.octets(3, playbook.value);
    out.number(4, enrollment);
    out.octets(5, step.value);
  }
  out.id_octets(6, action.value);
  out.instant(7, due);
  out.instant(8, not_after);
  out.number(9, handed_off);
  out.number(10, !unanswered);
  out.number(11, form);
  if (place) out.present_number(12, *place);
}

void write(const rules::StepState& step, RowWriter& out) {
  const auto& [id, status, day, emitted_at] = step;
  out.octets(1, id.value);
  out.number(2, static_cast<std::uint32_t>(status));
  if (day) out.present_zigzag(3, *day);
  if (emitted_at) out.present_instant(4, *emitted_at);
}

void write(const rules::Asked& asked, RowWriter& out) {
  const auto& [step, due, waiting, until, expires] = asked;
  out.octets(1, step.value);
  out.instant(2, due);
  out.number(3, static_cast<std::uint32_t>(waiting));
  out.instant(4, until);
  if (expires) out.present_instant(5, *expires);
}

void write(const rules::SlaState& sla, RowWriter& out) {
  const auto& [started, deadline, at_risk, channels, escalate_on_breach] = sla;
  out.instant(1, started);
  out.instant(2, deadline);
  if (at_risk) out.present_instant(3, *at_risk);
  if (channels.bits() != rules::ChannelSet::every().bits()) out.present_number(4, channels.bits());
  out.number(5, escalate_on_breach);
}

void write(const rules::Pause& pause, RowWriter& out) {
  const auto& [manual, since, until] = pause;
  out.number(1, manual);
  out.instant(2, since);
  if (until) out.present_instant(3, *until);
}

void write(const rules::CoolDownState& cool_down, RowWriter& out) {
  const auto& [until, playbook] = cool_down;
  out.instant(1, until);
  out.octets(2, playbook.value);
}

void write(const rules::PlaybookHistory& history, RowWriter& out) {
  const auto& [playbook, enrollments, last_exit] = history;
  out.octets(1, playbook.value);
  out.number(2, enrollments);
  if (last_exit) out.present_instant(3, *last_exit);
}

void write(const rules::ScoreGiven& given, RowWriter& out) {
  const auto& [rule, points] = given;
  out.fixed(1, rule);
  out.zigzag(2, points);
}

void write(const rules::ScheduleState& schedule, RowWriter& out) {
  const auto& [playbook, over, next, basis] = schedule;
  out.octets(1, playbook.value);
  out.zigzag(2, over.days);
  if (next != Instant::never()) out.present_zigzag(3, next.ms);
  out.fixed(4, basis);
}

void write(const rules::ConsentMark& mark, RowWriter& out) {
  const auto& [kind, channels, at, expires, proven] = mark;
  out.number(1, static_cast<std::uint32_t>(kind));
  if (channels.channel) out.present_number(2, static_cast<std::uint32_t>(*channels.channel));
  out.zigzag(3, at.ms);
  if (expires) out.present_zigzag(4, expires->ms);
  out.number(5, proven);
}

void write(const rules::ExceptionState& exception, RowWriter& out) {
  const auto& [held_since_false] = exception;
  out.number(1, held_since_false);
}

void write(const rules::Enrollment& enrollment, RowWriter& out);
void write(const rules::cel::Value& value, RowWriter& out);

/// Each member of the list as a field of its own.
template <class Part>
void write_all(std::uint32_t field, const std::vector<Part>& parts, RowWriter& out) {
  for (const Part& part : parts) out.message(field, [&] { write(part, out); });
}

template <class Part>
void write_if(std::uint32_t field, const std::optional<Part>& part, RowWriter& out) {
  if (part) out.message(field, [&] { write(*part, out); });
}

void write(const rules::Enrollment& enrollment, RowWriter& out) {
  const auto& [id, playbook, revision, variant, arm, ordinal, enrolled_at, triggered_at, anchor, window_end, steps,
               wait_from, wait_due, ready_from, asked, touches, replies, sla, exceptions, holding, validated_channel,
               pause, release_at] = enrollment;  // `id` follows from subject and ordinal
  out.octets(1, playbook.value);
  out.id_octets(2, revision.value);
  out.number(3, ordinal);
  out.instant(4, enrolled_at);
  out.instant(5, triggered_at);
  out.instant(6, anchor);
  if (window_end) out.present_instant(7, *window_end);
  write_all(8, steps, out);
  out.instant(9, wait_from);
  write_if(10, asked, out);
  out.signed_number(11, touches);
  out.signed_number(12, replies);
  write_if(13, sla, out);
  write_all(14, exceptions, out);
  if (holding) out.present_number(15, *holding);
  if (validated_channel) out.present_number(16, static_cast<std::uint32_t>(*validated_channel));
  write_if(17, pause, out);
  out.instant(18, ready_from);
  if (variant) out.present_number(19, *variant);
  if (arm) out.present_number(20, *arm);
  if (wait_due) out.present_instant(21, *wait_due);
  if (release_at) out.present_instant(22, *release_at);
}

void write(const rules::LeadState& lead, RowWriter& out) {
  const auto& [id, subject, known, account, attributes, email, phone, phone_unusable, zone, opted_out, opted_out_of_all,
               complained, complained_of_all, erased, consent, merged_into, merged_from, non_replies, cool_down,
               touches, enrollments, history, enrollment, interrupted, score_given, handed_over, schedules, wake] =
      lead;
  out.id_octets(1, subject.value);
  out.number(2, known);
  if (account) out.present_octets(3, account->value);
  out.number(4, phone_unusable);
  out.number(5, opted_out.bits());
  out.number(6, opted_out_of_all);
  out.number(7, complained.bits());
  out.number(8, complained_of_all);
  out.number(9, erased);
  out.signed_number(10, non_replies);
  write_if(11, cool_down, out);
  for (const auto& touch : touches) {
    out.message(12, [&, &running = enrollment] { write(touch, running, out); });
  }
  out.number(13, enrollments);
  write_all(14, history, out);
  write_if(15, enrollment, out);
  out.instant(16, wake);
  for (const auto& into : merged_into) out.present_octets(17, into.value);
  write_if(18, interrupted, out);
  write_all(19, score_given, out);
  out.number(20, handed_over);
  for (const auto& from : merged_from) out.present_octets(21, from.value);
  write_all(22, consent, out);
  write_all(23, schedules, out);
}

// ---- state: reading; false when a number is unknown ----

bool read(const store::EmittedTouch& in, const std::optional<rules::Enrollment>& running, rules::EmittedTouch& touch) {
  touch.at = instant_or_never(in.has_at(), in.at());
  if (in.has_running_step()) {
    if (!running || in.running_step() >= running->steps.size()) return false;
    touch.playbook = running->playbook;
    touch.enrollment = running->ordinal;
    touch.step = running->steps[in.running_step()].id;
  } else {
    touch.playbook.value = in.playbook();
    touch.enrollment = in.enrollment();
    touch.step.value = in.step();
  }
  touch.action.value = from_id_octets(in.action());
  touch.due = instant_or_never(in.has_due(), in.due());
  touch.not_after = instant_or_never(in.has_not_after(), in.not_after());
  touch.form = in.form();
  touch.handed_off = in.handed_off();
  touch.unanswered = !in.answered();
  return get_enumeration(in.channel(), rules::Channel::meeting, touch.channel);
}

bool read(const store::StepState& in, rules::StepState& step) {
  step.id.value = in.id();
  if (in.has_day()) step.day = in.day();
  if (in.has_emitted_at()) step.emitted_at = Instant{in.emitted_at()};
  return get_enumeration(in.status(), rules::StepStatus::withheld, step.status);
}

bool read(const store::Asked& in, rules::Asked& asked) {
  asked.step.value = in.step();
  asked.due = instant_or_never(in.has_due(), in.due());
  asked.until = instant_or_never(in.has_until(), in.until());
  if (in.has_expires()) asked.expires = Instant{in.expires()};
  return get_enumeration(in.waiting(), rules::Asked::Waiting::held, asked.waiting);
}

/// False when a bit is set that no channel has.
bool read(const store::Sla& in, rules::SlaState& sla) {
  sla.started = instant_or_never(in.has_started(), in.started());
  sla.deadline = instant_or_never(in.has_deadline(), in.deadline());
  if (in.has_at_risk()) sla.at_risk = Instant{in.at_risk()};
  sla.escalate_on_breach = in.escalate_on_breach();
  if (!in.has_channels()) return true;
  if (in.channels() > 0xFF) return false;
  sla.channels = rules::ChannelSet(static_cast<std::uint8_t>(in.channels()));
  return true;
}

rules::Pause read(const store::Pause& in) {
  rules::Pause pause;
  pause.manual = in.manual();
  pause.since = instant_or_never(in.has_since(), in.since());
  if (in.has_until()) pause.until = Instant{in.until()};
  return pause;
}

bool read(const store::Enrollment& in, const rules::LeadState& lead, rules::Enrollment& enrollment) {
  enrollment.playbook.value = in.playbook();
  enrollment.revision.value = from_id_octets(in.revision());
  if (in.has_variant()) enrollment.variant = in.variant();
  if (in.has_arm()) enrollment.arm = in.arm();
  enrollment.ordinal = in.ordinal();
  enrollment.id = rules::enrollment_id(lead.subject, enrollment.ordinal);
  enrollment.enrolled_at = instant_or_never(in.has_enrolled_at(), in.enrolled_at());
  enrollment.triggered_at = instant_or_never(in.has_triggered_at(), in.triggered_at());
  enrollment.anchor = instant_or_never(in.has_anchor(), in.anchor());
  if (in.has_window_end()) enrollment.window_end = Instant{in.window_end()};
  enrollment.steps.resize(static_cast<std::size_t>(in.steps_size()));
  for (int i = 0; i < in.steps_size(); ++i) {
    if (!read(in.steps(i), enrollment.steps[static_cast<std::size_t>(i)])) return false;
  }
  enrollment.wait_from = instant_or_never(in.has_wait_from(), in.wait_from());
  if (in.has_wait_due()) enrollment.wait_due = Instant{in.wait_due()};
  enrollment.ready_from = instant_or_never(in.has_ready_from(), in.ready_from());
  if (in.has_asked() && !read(in.asked(), enrollment.asked.emplace())) return false;
  enrollment.touches = in.touches();
  enrollment.replies = in.replies();
  if (in.has_sla() && !read(in.sla(), enrollment.sla.emplace())) return false;
  for (const auto& exception : in.exceptions()) enrollment.exceptions.push_back({exception.held_since_false()});
  if (in.has_holding()) enrollment.holding = in.holding();
  if (in.has_pause()) enrollment.pause = read(in.pause());
  if (in.has_release_at()) enrollment.release_at = Instant{in.release_at()};
  return !in.has_validated_channel() ||
         get_enumeration(in.validated_channel(), rules::Channel::meeting, enrollment.validated_channel.emplace());
}

bool read(const store::ConsentMark& in, rules::ConsentMark& mark) {
  mark.at = Instant{in.at()};
  if (in.has_expires()) mark.expires = Instant{in.expires()};
  mark.proven = in.proven();
  if (!get_enumeration(in.kind(), rules::ConsentMark::Kind::refused, mark.kind)) return false;
  return !in.has_channel() || get_enumeration(in.channel(), rules::Channel::meeting, mark.channels.channel.emplace());
}

bool read(const store::LeadState& in, rules::LeadState& lead) {
  lead.subject.value = from_id_octets(in.subject());
  lead.known = in.known();
  if (in.has_account()) lead.account.emplace(in.account());
  lead.phone_unusable = in.phone_unusable();
  if (in.opted_out() > 0xFF || in.complained() > 0xFF) return false;
  lead.opted_out = rules::ChannelSet(static_cast<std::uint8_t>(in.opted_out()));
  lead.opted_out_of_all = in.opted_out_of_all();
  lead.complained = rules::ChannelSet(static_cast<std::uint8_t>(in.complained()));
  lead.complained_of_all = in.complained_of_all();
  lead.erased = in.erased();
  for (const auto& mark : in.consent()) {
    if (!read(mark, lead.consent.emplace_back())) return false;
  }
  for (const auto& into : in.merged_into()) lead.merged_into.emplace_back(into);
  for (const auto& from : in.merged_from()) lead.merged_from.emplace_back(from);
  lead.non_replies = in.non_replies();
  if (in.has_cool_down()) {
    const store::CoolDown& cool_down = in.cool_down();
    lead.cool_down.emplace();
    lead.cool_down->until = instant_or_never(cool_down.has_until(), cool_down.until());
    lead.cool_down->playbook.value = cool_down.playbook();
  }
  lead.enrollments = in.enrollments();
  for (const auto& row : in.history()) {
    rules::PlaybookHistory& history = lead.history.emplace_back();
    history.playbook.value = row.playbook();
    history.enrollments = row.enrollments();
    if (row.has_last_exit()) history.last_exit = Instant{row.last_exit()};
  }
  if (in.has_enrollment() && !read(in.enrollment(), lead, lead.enrollment.emplace())) return false;
  lead.touches.resize(static_cast<std::size_t>(in.touches_size()));
  for (int i = 0; i < in.touches_size(); ++i) {
    if (!read(in.touches(i), lead.enrollment, lead.touches[static_cast<std::size_t>(i)])) return false;
  }
  if (in.has_interrupted() && !read(in.interrupted(), lead, lead.interrupted.emplace())) return false;
  for (const auto& given : in.score_given()) lead.score_given.push_back({given.rule(), given.points()});
  lead.handed_over = in.handed_over();
  for (const auto& row : in.schedules()) {
    rules::ScheduleState& schedule = lead.schedules.emplace_back();
    schedule.playbook.value = row.playbook();
    schedule.over = rules::LocalDate{row.over()};
    schedule.next = instant_or_never(row.has_next(), row.next());
    schedule.basis = row.basis();
  }
  lead.wake = instant_or_never(in.has_wake(), in.wake());
  return true;
}

// ---- attributes ----

void write(const rules::cel::Value& value, RowWriter& out) {
  using namespace rules::cel;
  const auto write_parts = [&](std::int64_t seconds, std::int32_t nanos) {
    out.zigzag(1, seconds);
    out.zigzag(2, nanos);
  };
  std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, Null>) {
          out.present_number(1, 1);
        } else if constexpr (std::is_same_v<T, bool>) {
          out.present_number(2, v);
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
          out.present_zigzag(3, v);
        } else if constexpr (std::is_same_v<T, std::uint64_t>) {
          out.present_number(4, v);
        } else if constexpr (std::is_same_v<T, double>) {
          out.present_fixed(5, std::bit_cast<std::uint64_t>(v));
        } else if constexpr (std::is_same_v<T, std::string>) {
          out.present_octets(6, v);
        } else if constexpr (std::is_same_v<T, Bytes>) {
          out.present_octets(7, v.octets);
        } else if constexpr (std::is_same_v<T, Timestamp>) {
          out.message(8, [&] { write_parts(v.seconds, v.nanos); });
        } else if constexpr (std::is_same_v<T, TimeSpan>) {
          out.message(9, [&] { write_parts(v.seconds, v.nanos); });
        } else if constexpr (std::is_same_v<T, Type>) {
          out.present_octets(10, v.name);
        } else if constexpr (std::is_same_v<T, std::shared_ptr<const List>>) {
          out.message(11, [&] { write_all(1, *v, out); });
        } else {
          static_assert(std::is_same_v<T, std::shared_ptr<const Map>>);
          out.message(12, [&] {
            for (const auto& entry : *v) {
              out.message(1, [&] {
                out.message(1, [&] { write(entry.first, out); });
                out.message(2, [&] { write(entry.second, out); });
              });
            }
          });
        }
      },
      value.storage());
}

bool read(const store::Value& in, rules::cel::Value& value) {
  using namespace rules::cel;
  switch (in.kind_case()) {
    case store::Value::kNull:
      value = Value();
      return true;
    case store::Value::kBoolean:
      value = Value(in.boolean());
      return true;
    case store::Value::kInteger:
      value = Value(static_cast<std::int64_t>(in.integer()));
      return true;
    case store::Value::kUnsignedInteger:
      value = Value(static_cast<std::uint64_t>(in.unsigned_integer()));
      return true;
    case store::Value::kFloating:
      value = Value(in.floating());
      return true;
    case store::Value::kText:
      value = Value(in.text());
      return true;
    case store::Value::kOctets:
      value = Value(Bytes{in.octets()});
      return true;
    case store::Value::kTimestamp:
      value = Value(Timestamp{in.timestamp().seconds(), in.timestamp().nanos()});
      return true;
    case store::Value::kTimeSpan:
      value = Value(TimeSpan{in.time_span().seconds(), in.time_span().nanos()});
      return true;
    case store::Value::kType:
      value = Value(Type{in.type()});
      return true;
    case store::Value::kList: {
      List list(static_cast<std::size_t>(in.list().values_size()));
      for (int i = 0; i < in.list().values_size(); ++i) {
        if (!read(in.list().values(i), list[static_cast<std::size_t>(i)])) return false;
      }
      value = Value(std::move(list));
      return true;
    }
    case store::Value::kMap: {
      Map map(static_cast<std::size_t>(in.map().entries_size()));
      for (int i = 0; i < in.map().entries_size(); ++i) {
        auto& [key, element] = map[static_cast<std::size_t>(i)];
        if (!read(in.map().entries(i).key(), key) || !read(in.map().entries(i).value(), element)) return false;
      }
      value = Value(std::move(map));
      return true;
    }
    case store::Value::KIND_NOT_SET:
      return false;
  }
  return false;
}

template <class Message>
bool parse(std::string_view row, Message& message) {
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const std::uint8_t*>(row.data()),
                                               static_cast<int>(row.size()));
  input.SetRecursionLimit(kMaxMessageDepth);
  return message.ParseFromCodedStream(&input) && input.ConsumedEntireMessage();
}

tl::unexpected<StoreError> unreadable(std::string_view what, std::uint32_t encoding) {
  std::string message = "a row of the store (" + std::string(what) + ") cannot be read";
  if (encoding > kLeadEncoding) message += ": a newer version of relance wrote it";
  return tl::unexpected(StoreError{std::move(message)});
}

}  // namespace

struct LeadCodec::Messages {
  store::LeadRow row;
  store::Attributes attributes;
};

LeadCodec::LeadCodec() : messages_(std::make_unique<Messages>()) {}
LeadCodec::~LeadCodec() = default;
LeadCodec::LeadCodec(LeadCodec&&) noexcept = default;
LeadCodec& LeadCodec::operator=(LeadCodec&&) noexcept = default;

void LeadCodec::encode(const StoredLead& lead, std::string& row) {
  RowWriter out(row);
  out.number(1, kLeadEncoding);
  out.message(2, [&] { write(lead.state, out); });
  out.number(3, lead.last_ledger_entry);
  for (const std::string& hash : lead.address_hashes) out.present_octets(4, hash);
  out.number(5, lead.has_vault_row);
  out.finish();
}

tl::expected<void, StoreError> LeadCodec::decode(std::string_view row, StoredLead& lead) {
  store::LeadRow& message = messages_->row;
  message.Clear();
  if (!parse(row, message) || message.encoding() != kLeadEncoding) return unreadable("lead", message.encoding());
  if (!read(message.state(), lead.state)) return unreadable("lead", kLeadEncoding + 1);
  lead.last_ledger_entry = message.last_ledger_entry();
  lead.address_hashes.assign(message.address_hashes().begin(), message.address_hashes().end());
  lead.has_vault_row = message.has_vault_row();
  return {};
}

void LeadCodec::encode_attributes(const rules::LeadState& lead, std::string& row) {
  RowWriter out(row);
  out.number(1, kLeadEncoding);
  for (const auto& entry : lead.attributes.entries()) {
    out.message(2, [&] {
      out.octets(1, entry.first);
      out.message(2, [&] { write(entry.second, out); });
    });
  }
  if (lead.email) out.present_octets(3, lead.email->reveal());
  if (lead.phone) out.present_octets(4, lead.phone->reveal());
  out.finish();
}

tl::expected<void, StoreError> LeadCodec::decode_attributes(std::string_view row, rules::LeadState& lead) {
  store::Attributes& message = messages_->attributes;
  message.Clear();
  if (!parse(row, message) || message.encoding() != kLeadEncoding) return unreadable("attributes", message.encoding());
  lead.attributes.clear();
  for (const auto& entry : message.entries()) {
    rules::cel::Value value;
    if (!read(entry.value(), value)) return unreadable("attributes", kLeadEncoding + 1);
    lead.attributes.set(entry.name(), std::move(value));
  }
  using rules::Address;
  lead.email.reset();
  lead.phone.reset();
  if (message.has_email()) lead.email = Address::stored(Address::Kind::email, message.email());
  if (message.has_phone()) lead.phone = Address::stored(Address::Kind::phone, message.phone());
  rules::derive_zone(lead);
  return {};
}

}  // namespace relance::engine
