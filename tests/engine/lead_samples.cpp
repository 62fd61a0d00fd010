#include "tests/engine/lead_samples.h"

#include <bit>
#include <sstream>
#include <type_traits>

namespace relance::tests {
namespace {

using namespace relance::rules;

bool coin(std::mt19937& random) { return random() % 2 == 0; }
Instant random_instant(std::mt19937& random) {
  switch (random() % 8) {
    case 0:
      return Instant::never();
    case 1:
      return Instant{0};
    case 2:
      return Instant{-static_cast<std::int64_t>(random())};
    default:
      return Instant{1'772'438'400'000 + static_cast<std::int64_t>(random())};
  }
}
template <class T, class Make>
void maybe(std::mt19937& random, std::optional<T>& out, Make make) {
  if (coin(random)) out = make();
}
std::string random_hex(std::mt19937& random, std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) text += "0123456789abcdef"[random() % 16];
  return text;
}
std::string random_text(std::mt19937& random) {
  std::string text;
  for (std::size_t i = random() % 12; i > 0; --i) text += static_cast<char>(random() % 256);
  return text;
}
Channel random_channel(std::mt19937& random) { return kChannels[random() % kChannels.size()]; }
std::int32_t random_int(std::mt19937& random) { return static_cast<std::int32_t>(random()); }

EmittedTouch random_touch(std::mt19937& random) {
  EmittedTouch touch;
  touch.at = random_instant(random);
  touch.channel = random_channel(random);
  touch.playbook = PlaybookId("smb-inbound");
  touch.enrollment = static_cast<std::uint32_t>(random() % 5);
  touch.step = StepId(random_text(random));
  touch.action = ActionId(coin(random) ? random_hex(random, 32) : random_text(random));
  touch.due = random_instant(random);
  touch.not_after = random_instant(random);
  touch.form = static_cast<std::uint32_t>(random() % 3);
  touch.handed_off = coin(random);
  touch.unanswered = coin(random);
  return touch;
}

Enrollment random_enrollment(std::mt19937& random) {
  Enrollment enrollment;
  enrollment.playbook = PlaybookId(random_text(random));
  enrollment.revision = Revision(random_hex(random, 64));
  maybe(random, enrollment.variant, [&] { return static_cast<std::uint32_t>(random() % 4); });
  maybe(random, enrollment.arm, [&] { return static_cast<std::uint32_t>(random() % 4); });
  enrollment.ordinal = static_cast<std::uint32_t>(random());
  enrollment.enrolled_at = random_instant(random);
  enrollment.triggered_at = random_instant(random);
  enrollment.anchor = random_instant(random);
  maybe(random, enrollment.window_end, [&] { return random_instant(random); });
  for (std::size_t i = random() % 4; i > 0; --i) {
    StepState& step = enrollment.steps.emplace_back();
    step.id = StepId(random_text(random));
    step.status = static_cast<StepStatus>(random() % 4);
    maybe(random, step.day, [&] { return random_int(random); });
    maybe(random, step.emitted_at, [&] { return random_instant(random); });
  }
  enrollment.wait_from = random_instant(random);
  maybe(random, enrollment.wait_due, [&] { return random_instant(random); });
  enrollment.ready_from = random_instant(random);
  maybe(random, enrollment.asked, [&] {
    Asked asked{StepId(random_text(random)), random_instant(random),
                coin(random) ? Asked::Waiting::held : Asked::Waiting::deferred, random_instant(random)};
    maybe(random, asked.expires, [&] { return random_instant(random); });
    return asked;
  });
  enrollment.touches = random_int(random);
  enrollment.replies = random_int(random);
  maybe(random, enrollment.sla, [&] {
    SlaState sla{random_instant(random), random_instant(random), std::nullopt, {}, coin(random)};
    sla.channels = ChannelSet(static_cast<std::uint8_t>(random() % 64));
    maybe(random, sla.at_risk, [&] { return random_instant(random); });
    return sla;
  });
  for (std::size_t i = random() % 4; i > 0; --i) enrollment.exceptions.push_back({coin(random)});
  maybe(random, enrollment.holding, [&] { return static_cast<std::uint32_t>(random() % 4); });
  maybe(random, enrollment.validated_channel, [&] { return random_channel(random); });
  maybe(random, enrollment.pause, [&] {
    Pause pause{coin(random), random_instant(random), std::nullopt};
    maybe(random, pause.until, [&] { return random_instant(random); });
    return pause;
  });
  maybe(random, enrollment.release_at, [&] { return random_instant(random); });
  return enrollment;
}

// ---- describing ----

class Description {
 public:
  Description& operator<<(Instant instant) { return *this << instant.ms; }
  Description& operator<<(Channel channel) { return *this << static_cast<int>(channel); }
  Description& operator<<(ChannelSet set) { return *this << static_cast<int>(set.bits()); }
  Description& operator<<(bool value) { return *this << (value ? 1 : 0); }
  Description& operator<<(std::int64_t number) { return add(std::to_string(number)); }
  Description& operator<<(std::int32_t number) { return add(std::to_string(number)); }
  Description& operator<<(std::uint32_t number) { return add(std::to_string(number)); }
  Description& operator<<(const std::string& text) { return add(std::to_string(text.size()) + ":" + text); }
  Description& operator<<(const Address& address) {
    return *this << static_cast<int>(address.kind()) << address.reveal();
  }
  Description& operator<<(const Zone& zone) { return *this << zone.name(); }
  Description& operator<<(StepStatus status) { return *this << static_cast<int>(status); }
  Description& operator<<(const cel::Value& value) { return *this << describe(value); }
  template <class Tag>
  Description& operator<<(const Id<Tag>& id) {
    return *this << std::string(id.value);
  }
  template <class T>
  Description& operator<<(const std::optional<T>& value) {
    return value ? *this << *value : add("-");
  }
  template <class T>
  Description& operator<<(const std::vector<T>& values) {
    add("[");
    for (const T& value : values) *this << value;
    return add("]");
  }
  Description& operator<<(const EmittedTouch& value) {
    const auto& [at, channel, playbook, enrollment, step, action, due, not_after, form, handed_off, unanswered] = value;
    return *this << at << channel << playbook << enrollment << step << action << due << not_after << form << handed_off
                 << unanswered;
  }
  Description& operator<<(const StepState& value) {
    const auto& [id, status, day, emitted_at] = value;
    return *this << id << status << day << emitted_at;
  }
  Description& operator<<(const Asked& value) {
    const auto& [step, due, waiting, until, expires] = value;
    return *this << step << due << static_cast<int>(waiting) << until << expires;
  }
  Description& operator<<(const SlaState& value) {
    const auto& [started, deadline, at_risk, channels, escalate_on_breach] = value;
    return *this << started << deadline << at_risk << channels << escalate_on_breach;
  }
  Description& operator<<(const Pause& value) {
    const auto& [manual, since, until] = value;
    return *this << manual << since << until;
  }
  Description& operator<<(const ExceptionState& value) {
    const auto& [held_since_false] = value;
    return *this << held_since_false;
  }
  Description& operator<<(const CoolDownState& value) {
    const auto& [until, playbook] = value;
    return *this << until << playbook;
  }
  Description& operator<<(const ConsentMark& value) {
    const auto& [kind, channels, at, expires, proven] = value;
    return *this << static_cast<int>(kind) << channels.channel << at << expires << proven;
  }
  Description& operator<<(const PlaybookHistory& value) {
    const auto& [playbook, enrollments, last_exit] = value;
    return *this << playbook << enrollments << last_exit;
  }
  Description& operator<<(std::uint64_t number) { return add(std::to_string(number)); }
  Description& operator<<(const ScheduleState& value) {
    const auto& [playbook, over, next, basis] = value;
    return *this << playbook << over.days << next << basis;
  }
  Description& operator<<(const ScoreGiven& value) {
    const auto& [rule, points] = value;
    return *this << std::to_string(rule) << points;
  }
  Description& operator<<(const Enrollment& value) {
    // The id follows from the lead's subject and the ordinal; samples have none.
    const auto& [id, playbook, revision, variant, arm, ordinal, enrolled_at, triggered_at, anchor, window_end, steps,
                 wait_from, wait_due, ready_from, asked, touches, replies, sla, exceptions, holding, validated_channel,
                 pause, release_at] = value;
    return *this << playbook << revision << variant << arm << ordinal << enrolled_at << triggered_at << anchor
                 << window_end << steps << wait_from << wait_due << ready_from << asked << touches << replies << sla
                 << exceptions << holding << validated_channel << pause << release_at;
  }
  std::string text() const { return text_; }

 private:
  Description& add(const std::string& part) {
    text_ += part;
    text_ += ' ';
    return *this;
  }
  std::string text_;
};

}  // namespace

cel::Value random_value(std::mt19937& random, int depth) {
  using namespace cel;
  switch (random() % (depth > 0 ? 14U : 12U)) {
    case 0:
      return Value();
    case 1:
      return Value(coin(random));
    case 2:
      return Value(static_cast<std::int64_t>(random()) - 2'000'000'000);
    case 3:
      return Value(std::uint64_t{0xFFFFFFFFFFFFFFFF} - random());
    case 4:
      return Value(static_cast<double>(random()) / 7);
    case 5:
      return Value(static_cast<double>(random() % 100));  // a double that looks like an int stays a double
    case 6:
      return Value(std::bit_cast<double>(std::uint64_t{random()} << 32U | random()));  // also NaN and infinities
    case 7:
      return Value(Bytes{random_text(random)});
    case 8:
      return Value(Timestamp{static_cast<std::int64_t>(random()), static_cast<std::int32_t>(random() % 1'000'000'000)});
    case 9:
      return Value(TimeSpan{-static_cast<std::int64_t>(random()), -static_cast<std::int32_t>(random() % 1000)});
    case 10:
      return Value(Type{"int"});
    case 12: {
      List list;
      for (std::size_t i = random() % 4; i > 0; --i) list.push_back(random_value(random, depth - 1));
      return Value(std::move(list));
    }
    case 13: {
      Map map;
      for (std::size_t i = random() % 4; i > 0; --i) {
        map.emplace_back(Value(std::to_string(i)), random_value(random, depth - 1));
      }
      return Value(std::move(map));
    }
    default:
      return Value(random_text(random));
  }
}

LeadState random_lead(std::mt19937& random, std::string id) {
  LeadState lead;
  lead.id = LeadId(std::move(id));
  lead.subject = SubjectId(random_hex(random, 32));
  lead.known = coin(random);
  maybe(random, lead.account, [&] { return AccountId(random_text(random)); });
  for (std::size_t i = random() % 4; i > 0; --i) {
    lead.attributes.set("a" + std::to_string(i), random_value(random, 3));
  }
  if (coin(random)) lead.attributes.set("email", "ada" + std::to_string(random() % 4) + "@example.com");
  if (coin(random)) lead.attributes.set("phone", "+3361234567" + std::to_string(random() % 4));
  if (coin(random)) lead.attributes.set("timezone", "Europe/Paris");
  derive(lead);
  lead.phone_unusable = coin(random);
  lead.opted_out = ChannelSet(static_cast<std::uint8_t>(random() % 64));
  lead.opted_out_of_all = coin(random);
  lead.complained = ChannelSet(static_cast<std::uint8_t>(random() % 64));
  lead.complained_of_all = coin(random);
  lead.erased = coin(random);
  for (std::size_t i = random() % 3; i > 0; --i) {
    ConsentMark& mark = lead.consent.emplace_back();
    mark.kind = static_cast<ConsentMark::Kind>(random() % 5);
    maybe(random, mark.channels.channel, [&] { return random_channel(random); });
    mark.at = random_instant(random);
    maybe(random, mark.expires, [&] { return random_instant(random); });
    mark.proven = coin(random);
  }
  for (std::size_t i = random() % 3; i > 0; --i) lead.merged_into.emplace_back(random_text(random));
  for (std::size_t i = random() % 3; i > 0; --i) lead.merged_from.emplace_back(random_text(random));
  lead.non_replies = random_int(random);
  maybe(random, lead.cool_down, [&] { return CoolDownState{random_instant(random), PlaybookId("p")}; });
  for (std::size_t i = random() % 4; i > 0; --i) lead.touches.push_back(random_touch(random));
  lead.enrollments = static_cast<std::uint32_t>(random());
  for (std::size_t i = random() % 3; i > 0; --i) {
    PlaybookHistory& history = lead.history.emplace_back();
    history.playbook = PlaybookId(random_text(random));
    history.enrollments = static_cast<std::uint32_t>(random());
    maybe(random, history.last_exit, [&] { return random_instant(random); });
  }
  maybe(random, lead.enrollment, [&] { return random_enrollment(random); });
  maybe(random, lead.interrupted, [&] { return random_enrollment(random); });
  for (std::size_t i = random() % 3; i > 0; --i) {
    lead.score_given.push_back({std::uint64_t{random()} << 32U | random(), random_int(random)});
  }
  lead.handed_over = coin(random);
  for (std::size_t i = random() % 3; i > 0; --i) {
    ScheduleState& schedule = lead.schedules.emplace_back();
    schedule.playbook = PlaybookId(random_text(random));
    schedule.over = LocalDate{random_int(random)};
    schedule.next = coin(random) ? random_instant(random) : Instant::never();
    schedule.basis = std::uint64_t{random()} << 32U | random();
  }
  lead.wake = random_instant(random);
  return lead;
}

std::string describe(const cel::Value& value) {
  std::ostringstream out;
  out << value.storage().index() << '(';
  std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, double>) {
          out << std::bit_cast<std::uint64_t>(v);
        } else if constexpr (std::is_arithmetic_v<T>) {
          out << v;
        } else if constexpr (std::is_same_v<T, std::string>) {
          out << v.size() << ':' << v;
        } else if constexpr (std::is_same_v<T, cel::Bytes>) {
          out << v.octets.size() << ':' << v.octets;
        } else if constexpr (std::is_same_v<T, cel::Timestamp> || std::is_same_v<T, cel::TimeSpan>) {
          out << v.seconds << ',' << v.nanos;
        } else if constexpr (std::is_same_v<T, cel::Type>) {
          out << v.name;
        } else if constexpr (std::is_same_v<T, std::shared_ptr<const cel::List>>) {
          for (const auto& element : *v) out << describe(element) << ' ';
        } else if constexpr (std::is_same_v<T, std::shared_ptr<const cel::Map>>) {
          for (const auto& [key, element] : *v) out << describe(key) << '=' << describe(element) << ' ';
        }
      },
      value.storage());
  out << ')';
  return out.str();
}

std::string describe(const LeadState& lead) {
  const auto& [id, subject, known, account, attributes, email, phone, phone_unusable, zone, opted_out, opted_out_of_all,
               complained, complained_of_all, erased, consent, merged_into, merged_from, non_replies, cool_down,
               touches, enrollments, history, enrollment, interrupted, score_given, handed_over, schedules, wake] =
      lead;
  Description out;
  out << id << subject << known << account << email << phone << phone_unusable << zone << opted_out << opted_out_of_all
      << complained << complained_of_all << erased << consent << merged_into << merged_from << non_replies << cool_down
      << touches << enrollments << history << enrollment << interrupted << score_given << handed_over << schedules
      << wake;
  for (const auto& [name, value] : attributes.entries()) out << name << value;
  return out.text();
}

}  // namespace relance::tests
