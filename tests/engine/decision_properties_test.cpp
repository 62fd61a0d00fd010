// Random playbooks and random histories through the simulator, watched by an auditor that counts for itself: it knows
// the events and the ledger, and none of the engine's state. A failure prints its seed; RC_PARAMS="reproduce=..." with
// that text replays it.

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <rapidcheck.h>

#include "engine/ledger/ledger_line.h"
#include "random_world.h"
#include "rules/owners.h"
#include "simulation_support.h"

namespace relance::tests {
namespace {

using rules::Channel;
using rules::ChannelScope;
using rules::EventType;
using rules::Instant;
using rules::Playbook;
using rules::Record;
using rules::RecordType;
using rules::Zone;

/// Checks every record against what the events so far allow.
class Auditor {
 public:
  explicit Auditor(const rules::Rulebook& rulebook) : rulebook_(rulebook) {}

  void event(const rules::Event& event) {
    Lead& lead = leads_[std::string(event.lead.value)];
    switch (event.type) {
      case EventType::lead_created:
      case EventType::lead_updated:
        if (!event.text("email").empty()) lead.email = event.text("email");
        if (!event.text("phone").empty()) lead.phone = event.text("phone");
        if (!event.text("owner").empty()) lead.owner = event.text("owner");
        if (!event.text("timezone").empty()) lead.zone = *Zone::find(event.text("timezone"));
        if (const auto* score = event.data.find("score")) lead.score = *score->get<std::int64_t>();
        break;
      case EventType::optout_received:
        object(lead, event.text("channel").empty() ? "all" : event.text("channel"));
        break;
      case EventType::complaint_received:
        object(lead, event.text("channel").empty() ? "email" : event.text("channel"));
        break;
      case EventType::touch_completed:
        if (event.text("outcome") == "refused") object(lead, "call");
        if (event.text("bounce") == "hard" && !lead.email.empty()) blocked_.insert("email " + lead.email);
        break;
      case EventType::flag_set:
        lead.vip = true;
        break;
      case EventType::flag_cleared:
        lead.vip = false;
        // What a workflow has interrupted is asked when it goes on.
        if (!lead.active.empty()) lead.active.back().held = false;
        break;
      default:
        break;
    }
    if (!lead.account_known) {
      lead.account_known = true;
      lead.account = event.partition_key.value_or("alone: " + event.lead.value);
    }
    const std::int64_t before = lead.score;
    count_points(lead, event.type);
    lead.scored_to = lead.score == before ? std::nullopt : std::optional(lead.score);
  }

  /// After the event's records: nothing that it should have caused is missing.
  void handled(const rules::Event& event, Instant clock) {
    Lead& lead = leads_.at(std::string(event.lead.value));
    for (Active& active : lead.active) {
      RC_ASSERT_FALSE(is_disqualified(*active.playbook, lead.score));
      begin_release(active, lead.score, clock);
    }
    RC_ASSERT_FALSE(lead.scored_to.has_value());
    const auto& handoff = rulebook_.house().handoff;
    RC_ASSERT((!handoff || lead.score < handoff->at || lead.handed_over));
  }

  void record(const std::string& id, const Record& record) {
    Lead& lead = leads_[id];
    RC_ASSERT(record.at >= last_);
    last_ = record.at;
    // Whoever was to be released has been.
    for (const Active& active : lead.active) RC_ASSERT(record.at <= active.release_at);
    switch (record.type) {
      case RecordType::lead_enrolled:
        enrolled(lead, record);
        break;
      case RecordType::experiment_assigned:
        assigned(lead.active.back(), record);
        break;
      case RecordType::lead_variant:
        RC_ASSERT(record.enrollment->value == lead.active.back().id);
        RC_ASSERT_FALSE(lead.active.back().variant.has_value());
        lead.active.back().variant = variant_of(*lead.active.back().playbook, record.variant);
        ++lead.active.back().switches;
        reopen(lead.active.back());
        break;
      case RecordType::lead_exited:
        exited(lead, record);
        break;
      case RecordType::lead_paused:
        active(lead, record).paused = true;
        active(lead, record).interrupted |= record.rule == "workflow";
        break;
      case RecordType::lead_resumed: {
        Active& resumed = active(lead, record);
        RC_ASSERT(resumed.paused);
        RC_ASSERT(&resumed == &lead.active.back());
        resumed.paused = resumed.interrupted = false;
        if (!lead.vip) resumed.held = false;
        break;
      }
      case RecordType::lead_scored:
        RC_ASSERT(lead.scored_to == std::get<std::int64_t>(*record.score));
        lead.scored_to.reset();
        break;
      case RecordType::lead_escalated:
        escalated(lead, record);
        break;
      case RecordType::escalation_resolved:
        active(lead, record).held = false;
        break;
      case RecordType::cool_down_started:
        RC_ASSERT(!lead.cool_down.has_value());
        RC_ASSERT(*record.until == record.at + active(lead, record).form().cool_down->pause.time);
        lead.cool_down = record.until;
        break;
      case RecordType::cool_down_ended:
        RC_ASSERT(lead.cool_down.has_value());
        RC_ASSERT(record.at <= *lead.cool_down);
        lead.cool_down.reset();
        break;
      case RecordType::touch_deferred:
        RC_ASSERT((record.until.has_value() ? *record.until > record.at : active(lead, record).held));
        break;
      case RecordType::touch_emitted:
        emitted(lead, id, record);
        resolved(lead, record);
        break;
      case RecordType::touch_skipped:
      case RecordType::touch_withheld:
        resolved(lead, record);
        break;
      case RecordType::sla_at_risk:
      case RecordType::sla_breached:
      case RecordType::sla_met:
        RC_ASSERT_FALSE(active(lead, record).is_holdout());
        break;
      default:
        break;
    }
  }

 private:
  /// An enrollment that has not ended: the last of a lead is the running one, one before it is interrupted.
  struct Active {
    std::string id;
    const Playbook* playbook = nullptr;
    std::optional<std::uint32_t> variant, arm;
    int switches = 0;
    bool held = false, paused = false, interrupted = false;
    std::set<std::string> resolved;
    std::vector<rules::StepId> open;  // in the order of its list
    Instant since, release_at = Instant::never();

    const rules::Form& form() const { return playbook->form(variant, arm); }
    bool is_holdout() const { return arm && playbook->experiment->arms[*arm].id == "holdout"; }
  };
  struct Lead {
    std::string email, phone, account, owner;
    bool account_known = false;
    Zone zone;
    std::set<std::string, std::less<>> objected;  // channels, "all"
    bool vip = false, handed_over = false;
    std::int64_t score = 0;
    std::optional<std::int64_t> scored_to;  // that a record has yet to say
    std::map<std::size_t, std::int64_t> given;
    std::optional<Instant> cool_down;
    std::vector<Active> active;
  };
  struct Touch {
    std::string lead, account, enrollment, owner;
    Channel channel = Channel::email;
    std::optional<int> day;
    int switches = 0;
    Instant at;
  };

  void object(Lead& lead, std::string_view channel) {
    lead.objected.emplace(channel);
    const bool all = channel == "all";
    if (!lead.email.empty() && (all || channel == "email")) blocked_.insert("email " + lead.email);
    if (lead.phone.empty()) return;
    for (const char* by_phone : {"call", "sms"}) {
      if (all || channel == by_phone) blocked_.insert(by_phone + (" " + lead.phone));
    }
  }

  void count_points(Lead& lead, EventType type) const {
    const auto& score = rulebook_.house().score;
    for (std::size_t i = 0; i < score.size(); ++i) {
      if (std::find(score[i].on.begin(), score[i].on.end(), type) == score[i].on.end()) continue;
      const std::int64_t left = score[i].max ? *score[i].max - lead.given[i] : score[i].points;
      const std::int64_t points = std::min<std::int64_t>(score[i].points, left);
      lead.given[i] += points;
      lead.score += points;
    }
  }

  static Active& active(Lead& lead, const Record& record) {
    for (Active& active : lead.active) {
      if (active.id == record.enrollment->value) return active;
    }
    RC_FAIL("a record of an enrollment that has ended, or never began");
    return lead.active.front();
  }

  static std::uint32_t variant_of(const Playbook& playbook, std::string_view id) {
    for (std::uint32_t i = 0; i < playbook.variants.size(); ++i) {
      if (playbook.variants[i].id == id) return i;
    }
    RC_FAIL("no such variant");
    return 0;
  }

  static bool is_disqualified(const Playbook& playbook, std::int64_t score) {
    const auto& rules = playbook.qualification.disqualify;
    return std::any_of(rules.begin(), rules.end(), [&](const rules::Disqualification& rule) {
      const std::string text = rule.when.expression.text();  // "lead.score > 2"
      const std::int64_t limit = std::stoll(text.substr(std::string("lead.score > ").size()));
      return text.find('>') != std::string::npos ? score > limit : score < limit;
    });
  }

  /// Where contact hours decide when the anchor is, the auditor only knows that it is not before the enrollment.
  static void begin_release(Active& active, std::int64_t score, Instant now) {
    const auto& release = active.playbook->release;
    if (!release || active.release_at != Instant::never()) return;
    if (release->when) {
      const std::string text = release->when->expression.text();
      if (score > std::stoll(text.substr(std::string("lead.score > ").size()))) {
        active.release_at = now + release->after.time;
      }
    } else if (!active.form().contact_hours && active.switches == 0) {
      active.release_at = active.since + release->after.time;
    }
  }

  static void reopen(Active& active) {
    active.open.clear();
    for (const rules::Step& step : active.form().steps) {
      if (!active.resolved.contains(std::string(step.id.value))) active.open.push_back(step.id);
    }
  }

  void enrolled(Lead& lead, const Record& record) {
    RC_ASSERT((lead.active.empty() || (lead.active.size() == 1 && lead.active.back().interrupted)));
    RC_ASSERT_FALSE(lead.objected.contains("all"));
    Active& active = lead.active.emplace_back();
    active.id = record.enrollment->value;
    active.playbook = rulebook_.find(*record.playbook);
    active.since = record.at;
    RC_ASSERT_FALSE(is_disqualified(*active.playbook, lead.score));
    if (!record.variant.empty()) active.variant = variant_of(*active.playbook, record.variant);
    if (active.playbook->release && active.playbook->release->when) begin_release(active, lead.score, record.at);
    reopen(active);
  }

  static void assigned(Active& active, const Record& record) {
    RC_ASSERT(record.enrollment->value == active.id);
    const auto& arms = active.playbook->experiment->arms;
    active.arm = 0;
    while (arms[*active.arm].id != record.arm) ++*active.arm;
    reopen(active);
  }

  void exited(Lead& lead, const Record& record) {
    const Active& ended = active(lead, record);
    RC_ASSERT(*record.steps_left == ended.open);
    RC_ASSERT((record.reason == "disqualified") == record.rule.view().starts_with("qualification:"));
    if (record.reason == "disqualified") RC_ASSERT(is_disqualified(*ended.playbook, lead.score));
    if (record.reason == "released") {
      RC_ASSERT(ended.playbook->release.has_value());
      RC_ASSERT(record.at >= ended.since + ended.playbook->release->after.time);
      if (ended.release_at != Instant::never()) RC_ASSERT(record.at == ended.release_at);
    }
    std::erase_if(lead.active, [&](const Active& active) { return active.id == record.enrollment->value; });
  }

  void escalated(Lead& lead, const Record& record) {
    if (record.rule == "exception") {
      RC_ASSERT(lead.vip);
      RC_ASSERT(&active(lead, record) == &lead.active.back());
      active(lead, record).held = true;
    }
    if (record.rule != "handoff") return;
    RC_ASSERT_FALSE(lead.handed_over);
    RC_ASSERT(lead.score >= rulebook_.house().handoff->at);
    RC_ASSERT(record.playbook.has_value() == !lead.active.empty());
    lead.handed_over = true;
  }

  void resolved(Lead& lead, const Record& record) {
    Active& owner = active(lead, record);
    RC_ASSERT_FALSE(owner.interrupted);
    RC_ASSERT_FALSE(owner.open.empty());
    RC_ASSERT(owner.open.front() == *record.step);  // the order of the list, each once, none left out
    owner.open.erase(owner.open.begin());
    owner.resolved.emplace(record.step->value);
  }

  void emitted(Lead& lead, const std::string& id, const Record& record) {
    RC_ASSERT_FALSE(lead.active.empty());
    const Active& running = lead.active.back();
    RC_ASSERT(running.id == record.enrollment->value);
    const rules::Form& form = running.form();
    const std::string channel(to_string(*record.channel));
    RC_ASSERT_FALSE(running.paused);
    RC_ASSERT_FALSE(running.held);
    RC_ASSERT_FALSE(running.is_holdout());
    RC_ASSERT(!lead.cool_down.has_value());
    RC_ASSERT_FALSE(is_disqualified(*running.playbook, lead.score));
    RC_ASSERT(!lead.objected.contains("all"));
    RC_ASSERT(!lead.objected.contains(channel));
    if (channel == "email") RC_ASSERT(!lead.email.empty());
    if (channel == "call" || channel == "sms") RC_ASSERT(!lead.phone.empty());
    RC_ASSERT(!blocked_.contains(channel + " " + (channel == "email" ? lead.email : lead.phone)));
    check_hours(form, lead.zone, record.at);
    check_owner(lead.owner, *record.channel, record.at);

    Touch touch{id, lead.account, running.id, lead.owner, *record.channel, std::nullopt, running.switches, record.at};
    const rules::Step& step = *form.find_step(*record.step);
    RC_ASSERT(step.channel == *record.channel);
    if (const auto* on_day = std::get_if<rules::OnDay>(&step.when)) touch.day = on_day->day;
    const rules::LocalDate today = lead.zone.local_date(record.at);
    int of_enrollment = 1;
    for (const Touch& other : touches_) {
      if (other.enrollment != touch.enrollment) continue;
      ++of_enrollment;
      if (!touch.day || !other.day || *touch.day == *other.day) continue;
      // A variant may bring an earlier day after a later one: `spacing` looks at earlier days only.
      if (*other.day < *touch.day || other.switches == touch.switches)
        RC_ASSERT(lead.zone.local_date(other.at) != today);
    }
    if (form.touches.max) RC_ASSERT(of_enrollment <= *form.touches.max);
    touches_.push_back(touch);
    for (const rules::Cap& cap : form.caps) check_cap(cap, touch, lead.zone);
    check_throttles(touch);
  }

  /// No clock changes at a midnight here: local dates alone decide.
  void check_owner(const std::string& owner, Channel channel, Instant at) const {
    const auto& owners = rulebook_.house().owners;
    if (!owners || !owners->calendars.contains(owner) || channel == Channel::email || channel == Channel::sms) return;
    const rules::OwnerCalendar& calendar = owners->calendars.at(owner);
    const rules::LocalDate date = calendar.zone.local_date(at);
    for (const rules::DayRange& days : calendar.absences) RC_ASSERT((date < days.first || days.last < date));
  }

  static void check_hours(const rules::Form& form, const Zone& zone, Instant at) {
    if (!form.contact_hours) return;
    // The drawn windows lie between 06:00 and 19:30, where no clock changes: local time alone decides.
    const rules::LocalDateTime local = zone.local(at);
    RC_ASSERT(weekday_from_monday(local.date) < 5);
    RC_ASSERT(to_string(local.date) != "2026-03-05");
    RC_ASSERT(local.time >= form.contact_hours->windows.front().from);
    RC_ASSERT(local.time < form.contact_hours->windows.front().to);
  }

  void check_throttles(const Touch& touch) const {
    const auto& owners = rulebook_.house().owners;
    if (!owners || touch.owner.empty()) return;
    const auto calendar = owners->calendars.find(touch.owner);
    const Zone zone = calendar == owners->calendars.end() ? rulebook_.house().zone : calendar->second.zone;
    for (const rules::Throttle& throttle : owners->throttles) {
      if (throttle.channel && *throttle.channel != touch.channel) continue;
      const auto counts = [&](const Touch& other) {
        return other.owner == touch.owner && (!throttle.channel || *throttle.channel == other.channel) &&
               is_in(throttle.per, zone, other.at, touch.at);
      };
      RC_ASSERT(std::count_if(touches_.begin(), touches_.end(), counts) <= throttle.max);
    }
  }

  static bool is_in(const std::variant<rules::Cap::Calendar, rules::Span>& period, const Zone& zone, Instant at,
                    Instant now) {
    if (const auto* rolling = std::get_if<rules::Span>(&period)) return at + rolling->time > now;
    const rules::LocalDate date = zone.local_date(at);
    const rules::LocalDate today = zone.local_date(now);
    if (std::get<rules::Cap::Calendar>(period) == rules::Cap::Calendar::day) return date == today;
    return date + -weekday_from_monday(date) == today + -weekday_from_monday(today);
  }

  void check_cap(const rules::Cap& cap, const Touch& touch, const Zone& zone) const {
    if (cap.channel && *cap.channel != touch.channel) return;
    int counted = 0;
    for (const Touch& other : touches_) {
      if (cap.channel && *cap.channel != other.channel) continue;
      if (cap.scope == rules::Cap::Scope::lead && other.lead != touch.lead) continue;
      if (cap.scope == rules::Cap::Scope::account && other.account != touch.account) continue;
      if (cap.scope == rules::Cap::Scope::playbook && other.enrollment != touch.enrollment) continue;
      counted += is_in(cap.per, zone, other.at, touch.at);
    }
    RC_ASSERT(counted <= cap.max);
  }

  const rules::Rulebook& rulebook_;
  std::map<std::string, Lead> leads_;
  std::set<std::string> blocked_;  // "email a@example.org"
  std::vector<Touch> touches_;
  Instant last_ = Instant::earliest();
};

TEST_CASE("whatever playbooks and events come, no rule is broken") {
  CHECK(rc::check("an auditor finds nothing", [] {
    const World world = draw_world();
    RC_LOG() << text_of(world);
    const rules::Rulebook rulebook = rulebook_of(world);
    Run run(rulebook);
    Auditor auditor(rulebook);
    std::size_t audited = 0;
    const auto audit = [&] {
      for (; audited < run.ledger().size(); ++audited) {
        auditor.record(std::string(run.ledger()[audited].lead.value), run.ledger()[audited].record);
      }
    };
    Instant clock = Instant::earliest();
    for (std::size_t i = 0; i < world.events.size(); ++i) {
      const rules::Event event = event_of(world.events[i], i);
      clock = std::max(clock, event.time);
      run.until(Instant{clock.ms - 1});
      audit();
      auditor.event(event);
      run.handle(event);
      audit();
      auditor.handled(event, clock);
    }
    run.to_the_end();
    audit();
  }));
}

TEST_CASE("no wake is lost: what can still happen is queued, and in the end only people's decisions are open") {
  CHECK(rc::check("every open step has a wake", [] {
    const World world = draw_world();
    RC_LOG() << text_of(world);
    Run run(rulebook_of(world));
    const auto check_leads = [&](bool at_the_end) {
      for (const char* id : {"L1", "L2", "L3"}) {
        const rules::LeadState* lead = run.simulation().store().find_lead(rules::LeadId(id));
        if (!lead) continue;
        if (at_the_end) {
          RC_ASSERT(lead->wake == Instant::never());
          RC_ASSERT(!lead->cool_down.has_value());
        }
        RC_ASSERT((lead->enrollment || !lead->interrupted));  // what a workflow interrupted has gone on
        if (!lead->enrollment) continue;
        const rules::Enrollment& enrollment = *lead->enrollment;
        const bool paused_by_hand = enrollment.pause && enrollment.pause->manual;
        const bool held =
            enrollment.asked && enrollment.asked->waiting == rules::Asked::Waiting::held && enrollment.holding;
        RC_ASSERT((lead->wake != Instant::never() || paused_by_hand || held));
      }
    };
    for (std::size_t i = 0; i < world.events.size(); ++i) {
      run.handle(event_of(world.events[i], i));
      check_leads(false);
    }
    run.to_the_end();
    check_leads(true);
  }));
}

/// The ledger as the simulator prints it; sequence numbers have no gaps.
std::string ledger_of(const rules::Rulebook& rulebook, const std::vector<rules::Event>& events) {
  std::string bytes;
  std::uint64_t next = 0;
  engine::Simulation simulation(
      rulebook, [&](std::uint64_t seq, const engine::LedgerContext& context, const std::vector<Record>& records) {
        RC_ASSERT(seq == next);
        for (const Record& record : records) {
          engine::LineContext line;
          line.seq = next++;
          line.subject = context.lead->subject.value;
          line.lead = context.lead->id.value;
          line.cause = context.cause;
          engine::append_ledger_line(bytes, record, line);
          bytes += '\n';
        }
      });
  for (const rules::Event& event : events) simulation.handle(event);
  simulation.run_until(Instant::never());
  return bytes;
}

TEST_CASE("the same input gives the same bytes, duplicates change nothing, and the order of files does not matter") {
  CHECK(rc::check("the ledger depends on the events alone", [] {
    World world = draw_world();
    RC_LOG() << text_of(world);
    std::vector<rules::Event> events, with_duplicates;
    for (std::size_t i = 0; i < world.events.size(); ++i) {
      events.push_back(event_of(world.events[i], i));
      with_duplicates.push_back(events.back());
      if (one_in(2)) with_duplicates.push_back(events[static_cast<std::size_t>(pick(static_cast<int>(i) + 1))]);
    }
    const std::string once = ledger_of(rulebook_of(world), events);
    RC_ASSERT(ledger_of(rulebook_of(world), events) == once);
    RC_ASSERT(ledger_of(rulebook_of(world), with_duplicates) == once);
    std::swap(world.playbooks[0], world.playbooks[1]);
    RC_ASSERT(ledger_of(rulebook_of(world), events) == once);
  }));
}

/// What protects people: per lead and channel, and per address and channel.
std::string consent_of(Run& run) {
  std::string text;
  auto& store = run.simulation().store();
  for (const char* id : {"L1", "L2"}) {
    const rules::LeadState& lead = run.lead(id);
    text += fmt::format("{} {} {} {} {}\n", id, lead.opted_out_of_all, lead.opted_out.bits(), lead.complained_of_all,
                        lead.complained.bits());
    for (const auto& address : {*lead.email, *lead.phone}) {
      for (const Channel channel : rules::kChannels) {
        text += store.is_suppressed(address, ChannelScope::only(channel)) ||
                        store.is_suppressed(address, ChannelScope::all())
                    ? '1'
                    : '0';
      }
    }
  }
  return text;
}

TEST_CASE("consent and suppression end up the same in whatever order objections arrive") {
  CHECK(rc::check("objections commute", [] {
    std::vector<Given> objections;
    for (int i = 2 + pick(5); i > 0; --i) {
      const std::string type = any_of(std::array{"optout.received", "complaint.received", "touch.completed"});
      objections.push_back({fmt::format("03-02 10:{:02}", i), any_of(std::array{"L1", "L2"}), type, draw_data(type)});
    }
    const std::string playbook = draw_playbook("p", "lead.updated");
    const auto outcome = [&] {
      Run run(tests::rulebook_of({playbook}));
      for (const char* id : {"L1", "L2"}) {
        run.handle(
            {"03-02 09:00", id, "lead.updated", fmt::format("'email':'{}@example.org','phone':'+33612345678'", id)});
      }
      for (const Given& given : objections) run.handle(given);
      return consent_of(run);
    };
    const std::string in_order = outcome();
    for (std::size_t i = objections.size(); i > 1; --i) {
      std::swap(objections[i - 1], objections[static_cast<std::size_t>(pick(static_cast<int>(i)))]);
    }
    RC_ASSERT(outcome() == in_order);
  }));
}

}  // namespace
}  // namespace relance::tests
