#include "engine/store/lead_codec.h"

#include <google/protobuf/io/coded_stream.h>

#include <optional>
#include <type_traits>
#include <utility>

#include "engine/store/id_octets.h"
#include "engine/store/lead.pb.h"
#include "engine/store/message_fields.h"

namespace relance::engine {
namespace {

using rules::Instant;

constexpr std::uint32_t kEncoding = 1;
/// Attributes nest at most as deep as intake allows; each level of theirs is up to three messages.
constexpr int kMaxDepth = 1000;

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

void write(const rules::EmittedTouch& touch, const std::optional<rules::Enrollment>& running,
           store::EmittedTouch& out) {
  const auto& [at, channel, playbook, enrollment, step, action, due, not_after, form, handed_off, unanswered] = touch;
  put_instant(at, [&](auto ms) { out.set_at(ms); });
  out.set_channel(static_cast<std::uint32_t>(channel));
  if (const auto place = running_step(touch, running)) {
    out.set_running_step(*place);
  } else {
    out.set_playbook(playbook.value);
    out.set_enrollment(enrollment);
    out.set_step(step.value);
  }
  out.set_action(to_id_octets(action.value));
  put_instant(due, [&](auto ms) { out.set_due(ms); });
  put_instant(not_after, [&](auto ms) { out.set_not_after(ms); });
  out.set_form(form);
  out.set_handed_off(handed_off);
  out.set_answered(!unanswered);
}

void write(const rules::StepState& step, store::StepState& out) {
  const auto& [id, status, day, emitted_at] = step;
  out.set_id(id.value);
  out.set_status(static_cast<std::uint32_t>(status));
  if (day) out.set_day(*day);
  if (emitted_at) out.set_emitted_at(emitted_at->ms);
}

void write(const rules::Asked& asked, store::Asked& out) {
  const auto& [step, due, waiting, until] = asked;
  out.set_step(step.value);
  put_instant(due, [&](auto ms) { out.set_due(ms); });
  out.set_waiting(static_cast<std::uint32_t>(waiting));
  put_instant(until, [&](auto ms) { out.set_until(ms); });
}

void write(const rules::SlaState& sla, store::Sla& out) {
  const auto& [started, deadline, at_risk, channels, escalate_on_breach] = sla;
  put_instant(started, [&](auto ms) { out.set_started(ms); });
  put_instant(deadline, [&](auto ms) { out.set_deadline(ms); });
  if (at_risk) out.set_at_risk(at_risk->ms);
  if (channels.bits() != rules::ChannelSet::every().bits()) out.set_channels(channels.bits());
  out.set_escalate_on_breach(escalate_on_breach);
}

void write(const rules::Pause& pause, store::Pause& out) {
  const auto& [manual, since, until] = pause;
  out.set_manual(manual);
  put_instant(since, [&](auto ms) { out.set_since(ms); });
  if (until) out.set_until(until->ms);
}

void write(const rules::CoolDownState& cool_down, store::CoolDown& out) {
  const auto& [until, playbook] = cool_down;
  put_instant(until, [&](auto ms) { out.set_until(ms); });
  out.set_playbook(playbook.value);
}

void write(const rules::PlaybookHistory& history, store::PlaybookHistory& out) {
  const auto& [playbook, enrollments, last_exit] = history;
  out.set_playbook(playbook.value);
  out.set_enrollments(enrollments);
  if (last_exit) out.set_last_exit(last_exit->ms);
}

void write(const rules::ScoreGiven& given, store::ScoreGiven& out) {
  const auto& [rule, points] = given;
  out.set_rule(rule);
  out.set_points(points);
}

void write(const rules::ConsentMark& mark, store::ConsentMark& out) {
  const auto& [kind, channels, at, expires, proven] = mark;
  out.set_kind(static_cast<std::uint32_t>(kind));
  if (channels.channel) out.set_channel(static_cast<std::uint32_t>(*channels.channel));
  out.set_at(at.ms);
  if (expires) out.set_expires(expires->ms);
  out.set_proven(proven);
}

void write(const rules::ExceptionState& exception, store::Exception& out) {
  const auto& [held_since_false] = exception;
  out.set_held_since_false(held_since_false);
}

void write(const rules::Enrollment& enrollment, store::Enrollment& out) {
  const auto& [playbook, revision, variant, arm, ordinal, enrolled_at, triggered_at, anchor, window_end, steps,
               wait_from, ready_from, asked, touches, replies, sla, exceptions, holding, validated_channel, pause] =
      enrollment;
  out.set_playbook(playbook.value);
  out.set_revision(to_id_octets(revision.value));
  if (variant) out.set_variant(*variant);
  if (arm) out.set_arm(*arm);
  out.set_ordinal(ordinal);
  put_instant(enrolled_at, [&](auto ms) { out.set_enrolled_at(ms); });
  put_instant(triggered_at, [&](auto ms) { out.set_triggered_at(ms); });
  put_instant(anchor, [&](auto ms) { out.set_anchor(ms); });
  if (window_end) out.set_window_end(window_end->ms);
  for (const auto& step : steps) write(step, *out.add_steps());
  put_instant(wait_from, [&](auto ms) { out.set_wait_from(ms); });
  put_instant(ready_from, [&](auto ms) { out.set_ready_from(ms); });
  if (asked) write(*asked, *out.mutable_asked());
  out.set_touches(touches);
  out.set_replies(replies);
  if (sla) write(*sla, *out.mutable_sla());
  for (const auto& exception : exceptions) write(exception, *out.add_exceptions());
  if (holding) out.set_holding(*holding);
  if (validated_channel) out.set_validated_channel(static_cast<std::uint32_t>(*validated_channel));
  if (pause) write(*pause, *out.mutable_pause());
}

void write(const rules::LeadState& lead, store::LeadState& out) {
  const auto& [id, subject, known, account, attributes, email, phone, phone_unusable, zone, opted_out, opted_out_of_all,
               complained, complained_of_all, erased, consent, merged_into, merged_from, non_replies, cool_down,
               touches, enrollments, history, enrollment, interrupted, score_given, handed_over, wake] = lead;
  out.set_subject(to_id_octets(subject.value));
  out.set_known(known);
  if (account) out.set_account(account->value);
  out.set_phone_unusable(phone_unusable);
  out.set_opted_out(opted_out.bits());
  out.set_opted_out_of_all(opted_out_of_all);
  out.set_complained(complained.bits());
  out.set_complained_of_all(complained_of_all);
  out.set_erased(erased);
  for (const auto& mark : consent) write(mark, *out.add_consent());
  for (const auto& into : merged_into) out.add_merged_into(into.value);
  for (const auto& from : merged_from) out.add_merged_from(from.value);
  out.set_non_replies(non_replies);
  if (cool_down) write(*cool_down, *out.mutable_cool_down());
  for (const auto& touch : touches) write(touch, enrollment, *out.add_touches());
  out.set_enrollments(enrollments);
  for (const auto& row : history) write(row, *out.add_history());
  if (enrollment) write(*enrollment, *out.mutable_enrollment());
  if (interrupted) write(*interrupted, *out.mutable_interrupted());
  for (const auto& given : score_given) write(given, *out.add_score_given());
  out.set_handed_over(handed_over);
  put_instant(wake, [&](auto ms) { out.set_wake(ms); });
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

bool read(const store::Enrollment& in, rules::Enrollment& enrollment) {
  enrollment.playbook.value = in.playbook();
  enrollment.revision.value = from_id_octets(in.revision());
  if (in.has_variant()) enrollment.variant = in.variant();
  if (in.has_arm()) enrollment.arm = in.arm();
  enrollment.ordinal = in.ordinal();
  enrollment.enrolled_at = instant_or_never(in.has_enrolled_at(), in.enrolled_at());
  enrollment.triggered_at = instant_or_never(in.has_triggered_at(), in.triggered_at());
  enrollment.anchor = instant_or_never(in.has_anchor(), in.anchor());
  if (in.has_window_end()) enrollment.window_end = Instant{in.window_end()};
  enrollment.steps.resize(static_cast<std::size_t>(in.steps_size()));
  for (int i = 0; i < in.steps_size(); ++i) {
    if (!read(in.steps(i), enrollment.steps[static_cast<std::size_t>(i)])) return false;
  }
  enrollment.wait_from = instant_or_never(in.has_wait_from(), in.wait_from());
  enrollment.ready_from = instant_or_never(in.has_ready_from(), in.ready_from());
  if (in.has_asked() && !read(in.asked(), enrollment.asked.emplace())) return false;
  enrollment.touches = in.touches();
  enrollment.replies = in.replies();
  if (in.has_sla() && !read(in.sla(), enrollment.sla.emplace())) return false;
  for (const auto& exception : in.exceptions()) enrollment.exceptions.push_back({exception.held_since_false()});
  if (in.has_holding()) enrollment.holding = in.holding();
  if (in.has_pause()) enrollment.pause = read(in.pause());
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
  if (in.has_enrollment() && !read(in.enrollment(), lead.enrollment.emplace())) return false;
  lead.touches.resize(static_cast<std::size_t>(in.touches_size()));
  for (int i = 0; i < in.touches_size(); ++i) {
    if (!read(in.touches(i), lead.enrollment, lead.touches[static_cast<std::size_t>(i)])) return false;
  }
  if (in.has_interrupted() && !read(in.interrupted(), lead.interrupted.emplace())) return false;
  for (const auto& given : in.score_given()) lead.score_given.push_back({given.rule(), given.points()});
  lead.handed_over = in.handed_over();
  lead.wake = instant_or_never(in.has_wake(), in.wake());
  return true;
}

// ---- attributes ----

void write(const rules::cel::Value& value, store::Value& out) {
  using namespace rules::cel;
  std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, Null>) {
          out.set_null(true);
        } else if constexpr (std::is_same_v<T, bool>) {
          out.set_boolean(v);
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
          out.set_integer(v);
        } else if constexpr (std::is_same_v<T, std::uint64_t>) {
          out.set_unsigned_integer(v);
        } else if constexpr (std::is_same_v<T, double>) {
          out.set_floating(v);
        } else if constexpr (std::is_same_v<T, std::string>) {
          out.set_text(v);
        } else if constexpr (std::is_same_v<T, Bytes>) {
          out.set_octets(v.octets);
        } else if constexpr (std::is_same_v<T, Timestamp>) {
          out.mutable_timestamp()->set_seconds(v.seconds);
          out.mutable_timestamp()->set_nanos(v.nanos);
        } else if constexpr (std::is_same_v<T, TimeSpan>) {
          out.mutable_time_span()->set_seconds(v.seconds);
          out.mutable_time_span()->set_nanos(v.nanos);
        } else if constexpr (std::is_same_v<T, Type>) {
          out.set_type(v.name);
        } else if constexpr (std::is_same_v<T, std::shared_ptr<const List>>) {
          store::ValueList& list = *out.mutable_list();
          for (const Value& element : *v) write(element, *list.add_values());
        } else {
          static_assert(std::is_same_v<T, std::shared_ptr<const Map>>);
          store::ValueMap& map = *out.mutable_map();
          for (const auto& [key, element] : *v) {
            store::ValueEntry& entry = *map.add_entries();
            write(key, *entry.mutable_key());
            write(element, *entry.mutable_value());
          }
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
  input.SetRecursionLimit(kMaxDepth);
  return message.ParseFromCodedStream(&input) && input.ConsumedEntireMessage();
}

tl::unexpected<StoreError> unreadable(std::string_view what, std::uint32_t encoding) {
  std::string message = "a row of the store (" + std::string(what) + ") cannot be read";
  if (encoding > kEncoding) message += ": a newer version of relance wrote it";
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
  store::LeadRow& message = messages_->row;
  // Clear() of the row would delete the state, and with it the texts and lists that the next one reuses.
  message.mutable_state()->Clear();
  message.clear_address_hashes();
  message.set_encoding(kEncoding);
  write(lead.state, *message.mutable_state());
  message.set_last_ledger_entry(lead.last_ledger_entry);
  for (const std::string& hash : lead.address_hashes) message.add_address_hashes(hash);
  message.set_has_vault_row(lead.has_vault_row);
  message.SerializeToString(&row);
}

tl::expected<void, StoreError> LeadCodec::decode(std::string_view row, StoredLead& lead) {
  store::LeadRow& message = messages_->row;
  message.Clear();
  if (!parse(row, message) || message.encoding() != kEncoding) return unreadable("lead", message.encoding());
  if (!read(message.state(), lead.state)) return unreadable("lead", kEncoding + 1);
  lead.last_ledger_entry = message.last_ledger_entry();
  lead.address_hashes.assign(message.address_hashes().begin(), message.address_hashes().end());
  lead.has_vault_row = message.has_vault_row();
  return {};
}

void LeadCodec::encode_attributes(const rules::LeadState& lead, std::string& row) {
  store::Attributes& message = messages_->attributes;
  message.Clear();
  message.set_encoding(kEncoding);
  if (lead.email) message.set_email(lead.email->reveal());
  if (lead.phone) message.set_phone(lead.phone->reveal());
  for (const auto& [name, value] : lead.attributes.entries()) {
    store::Attribute& entry = *message.add_entries();
    entry.set_name(name);
    write(value, *entry.mutable_value());
  }
  message.SerializeToString(&row);
}

tl::expected<void, StoreError> LeadCodec::decode_attributes(std::string_view row, rules::LeadState& lead) {
  store::Attributes& message = messages_->attributes;
  message.Clear();
  if (!parse(row, message) || message.encoding() != kEncoding) return unreadable("attributes", message.encoding());
  lead.attributes.clear();
  for (const auto& entry : message.entries()) {
    rules::cel::Value value;
    if (!read(entry.value(), value)) return unreadable("attributes", kEncoding + 1);
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
