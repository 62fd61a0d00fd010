#include "rules/why.h"

#include <algorithm>
#include <map>
#include <utility>

#include "rules/owners.h"
#include "rules/scope.h"

namespace relance::rules {

namespace {

constexpr std::size_t kMostNext = 12;
constexpr int kMostAskings = 200;

/// The neighbourhood as it is, and what a forecast adds to it, which nobody else sees.
class Sketch final : public Neighbourhood {
 public:
  explicit Sketch(Neighbourhood& real, Instant until = Instant::never()) : real_(real), until_(until) {}

  bool is_suppressed(const Address& address, ChannelScope scope) override {
    return real_.is_suppressed(address, scope);
  }
  void suppress(const Suppression&) override {}  // only events do
  const std::vector<AccountTouch>& account_touches(const AccountId& account) override { return touches_of(account); }
  void add_account_touch(const AccountId& account, const AccountTouch& touch, Instant) override {
    touches_of(account).push_back(touch);
  }
  void remove_account_touch(const AccountId& account, const ActionId& action) override {
    std::erase_if(touches_of(account), [&](const AccountTouch& touch) { return touch.action == action; });
  }
  const Operations& operations() override { return operations_ ? *operations_ : real_.operations(); }
  Operations& change_operations() override {
    if (!operations_) operations_ = real_.operations();
    return *operations_;
  }

 private:
  std::vector<AccountTouch>& touches_of(const AccountId& account) {
    const auto [found, is_new] = touches_.try_emplace(account);
    if (is_new) {
      found->second = real_.account_touches(account);
      std::erase_if(found->second, [&](const AccountTouch& touch) { return touch.at > until_; });
    }
    return found->second;
  }

  Neighbourhood& real_;
  const Instant until_;
  std::map<AccountId, std::vector<AccountTouch>> touches_;  // of the lead's account and its owner
  std::optional<Operations> operations_;                    // when something was counted
};

/// The cap as it counts now.
Cap with_max(Cap cap, int max) {
  cap.max = max;
  return cap;
}

Obstacle::Effect effect_of(Verdict::Kind kind) {
  switch (kind) {
    case Verdict::Kind::withheld:
      return Obstacle::Effect::withheld;
    case Verdict::Kind::held:
      return Obstacle::Effect::held;
    case Verdict::Kind::pass:
    case Verdict::Kind::deferred:
      break;
  }
  return Obstacle::Effect::waits;
}

std::optional<Instant> known(Instant instant) {
  return instant == Instant::never() ? std::nullopt : std::optional(instant);
}

/// The touches that a cap counts are instants to it; here each gets back what is known of it.
std::vector<CountedTouch> named(const std::vector<Instant>& counted, const Cap& cap, const Enrollment& enrollment,
                                const LeadState& lead) {
  std::vector<CountedTouch> touches;
  std::vector<bool> taken(lead.touches.size());
  for (const Instant at : counted) {
    CountedTouch touch{at, std::nullopt, {}, {}};
    for (std::size_t i = 0; i < lead.touches.size(); ++i) {
      const EmittedTouch& own = lead.touches[i];
      if (taken[i] || own.at != at || (cap.channel && own.channel != *cap.channel)) continue;
      if (cap.scope == Cap::Scope::playbook && own.enrollment != enrollment.ordinal) continue;
      taken[i] = true;
      touch.channel = own.channel;
      touch.playbook = own.playbook.value;
      touch.step = own.step.value;
      break;
    }
    touches.push_back(std::move(touch));
  }
  return touches;
}

RulePlace place_of_cap(std::size_t index, const House& house) {
  const std::size_t of_house = house.caps.size();
  if (index < of_house) return {RulePlace::File::house, {"caps", std::to_string(index)}};
  return {RulePlace::File::playbook, {"caps", std::to_string(index - of_house)}};
}

/// One explanation: the parts of it share the lead's copy.
class Explanation {
 public:
  Explanation(const LeadState& lead, const DecisionContext& context)
      : lead_(lead),
        real_(context.neighbourhood),
        sketch_(context.neighbourhood),
        context_{context.rulebook, sketch_, context.now} {}

  Why make() {
    why_.now = context_.now;
    if (lead_.zone) {
      why_.zone = *lead_.zone;
    } else {
      why_.zone = context_.rulebook.house().zone;
    }
    if (lead_.enrollment) {
      explain_enrollment(*lead_.enrollment);
    } else {
      explain_outsider();
    }
    explain_waiting();
    for (const ScheduleState& schedule : lead_.schedules) {
      if (schedule.next != Instant::never()) why_.schedules.push_back({schedule.playbook, schedule.next});
    }
    forecast();
    return std::move(why_);
  }

 private:
  Obstacle& add(Obstacle::Effect effect, std::string rule, std::optional<Instant> until = {}, RuleFacts facts = {},
                RulePlace place = {}) {
    return why_.obstacles.emplace_back(Obstacle{effect, std::move(rule), until, std::move(facts), std::move(place)});
  }

  void explain_outsider() {
    if (!lead_.merged_into.empty()) add(Obstacle::Effect::ended, "merged");
    if (lead_.opted_out_of_all || !lead_.opted_out.empty()) {
      add(Obstacle::Effect::withheld, "opt_out", {}, OptOutFacts{lead_.opted_out_of_all, std::nullopt});
    } else if (const auto withdrawn = latest_withdrawal()) {
      add(Obstacle::Effect::withheld, "opt_out", {}, OptOutFacts{false, withdrawn});
    }
    if (lead_.complained_of_all || !lead_.complained.empty()) {
      SuppressedFacts facts;
      facts.complained = true;
      add(Obstacle::Effect::withheld, "suppressed", {}, std::move(facts));
    }
    add(Obstacle::Effect::ended, "not_enrolled");
  }

  void describe(const Enrollment& enrollment, const Playbook& playbook, const Form& form) {
    WhyEnrollment& told = why_.enrollment.emplace();
    told.playbook = enrollment.playbook;
    told.revision = enrollment.revision;
    told.variant_index = enrollment.variant;
    told.arm_index = enrollment.arm;
    if (enrollment.variant) told.variant = playbook.variants[*enrollment.variant].id;
    if (enrollment.arm && playbook.experiment) told.arm = playbook.experiment->arms[*enrollment.arm].id;
    told.enrolled_at = enrollment.enrolled_at;
    told.anchor = enrollment.anchor;
    told.window_end = enrollment.window_end;
    told.touches = enrollment.touches;
    told.min = form.touches.min;
    told.max = form.touches.max;
    if (enrollment.sla) told.sla_deadline = known(enrollment.sla->deadline);
    told.release_at = enrollment.release_at;
    for (const std::string& field : playbook.qualification.fields) {
      if (!lead_.attributes.find(field)) told.unknown.push_back(field);
    }
  }

  /// Asked before every step: the lead is let go.
  void explain_qualification(Scope& scope, const Enrollment& enrollment, const Playbook& playbook) {
    const Disqualification* rule = disqualified(scope, enrollment);
    if (rule == nullptr) return;
    const auto place = rule - playbook.qualification.disqualify.data();
    add(Obstacle::Effect::ended, "qualification:" + rule->reason, {}, ConditionFacts{rule->when.expression.text()},
        {RulePlace::File::playbook, {"qualification", "disqualify", std::to_string(place)}});
  }

  void explain_enrollment(const Enrollment& original) {
    LeadState lead = lead_;  // asking may begin or end a hold
    Decision ignored;
    Scope scope{lead, context_, ignored};
    Enrollment& enrollment = *lead.enrollment;
    const Playbook& playbook = playbook_of(enrollment, context_.rulebook);
    const Form& form = form_of(enrollment, context_.rulebook);
    why_.zone = scope.zone(form);
    if (lead_.interrupted) why_.interrupted = lead_.interrupted->playbook;
    describe(original, playbook, form);
    explain_qualification(scope, enrollment, playbook);

    if (enrollment.pause) {
      add(enrollment.pause->until ? Obstacle::Effect::waits : Obstacle::Effect::held, "paused", enrollment.pause->until,
          PauseFacts{enrollment.pause->since, enrollment.pause->manual});
    }
    const StepState* open = open_step(enrollment);
    if (open == nullptr) {
      add(Obstacle::Effect::ended, "no_open_step", enrollment.window_end);
      return;
    }
    const Step& step = *form.find_step(open->id);
    const Instant due = enrollment.asked ? enrollment.asked->due : step_due(scope, enrollment, form, step);
    const Instant asked_at = step_instant(scope, enrollment, form);
    const RulePlace place{RulePlace::File::playbook, {"steps", std::string(step.id.value)}};
    why_.step = WhyStep{std::string(step.id.value), step.channel, due, asked_at, enrollment.asked.has_value(), place};
    if (!enrollment.pause && asked_at > context_.now) {
      const bool held = asked_at == Instant::never();
      add(held ? Obstacle::Effect::held : Obstacle::Effect::waits, enrollment.asked ? "asked_later" : "not_due",
          known(asked_at), DueFacts{due}, place);
    }
    for (const Refusal& refusal : refusals(scope, enrollment, form, step, due)) add_refusal(refusal, step, form);
    for (const Verdict& verdict : gate_rules(scope, enrollment, form, step)) {
      add_verdict(verdict, scope, enrollment, form, step);
    }
  }

  void add_refusal(const Refusal& refusal, const Step& step, const Form& form) {
    const std::string rule(refusal.rule);
    RuleFacts facts;
    if (rule == "requires" && step.requirement) facts = ConditionFacts{step.requirement->expression.text()};
    if (rule == "skip_if" && step.skip_if) facts = ConditionFacts{step.skip_if->expression.text()};
    if (rule == "touches_max") facts = LimitFacts{form.touches.max.value_or(0)};
    add(refusal.status == StepStatus::skipped ? Obstacle::Effect::skipped : Obstacle::Effect::withheld, rule, {},
        std::move(facts), place_of(rule, step.id.value, form, context_.rulebook.house()));
  }

  void add_verdict(const Verdict& verdict, Scope& scope, const Enrollment& enrollment, const Form& form,
                   const Step& step) {
    const std::string rule(verdict.rule);
    if (rule.starts_with("cap:")) return add_caps(verdict, scope, enrollment, form, step);
    if (rule.starts_with("throttle:")) return add_throttles(verdict, scope, step.channel);
    Obstacle& obstacle = add(effect_of(verdict.kind), rule, known(verdict.until), {},
                             place_of(rule, step.id.value, form, context_.rulebook.house()));
    if (rule == "opt_out") {
      obstacle.facts = opt_out(step.channel);
    } else if (rule.starts_with("policy:")) {
      obstacle.facts = PolicyFacts{std::string(verdict.reason), verdict.packs};
    } else if (rule == "suppressed") {
      obstacle.facts = suppressed(step.channel);
    } else if (rule == "escalation") {
      HoldFacts facts;
      if (enrollment.holding) {
        const Exception& exception = playbook_of(enrollment, context_.rulebook).exceptions[*enrollment.holding];
        facts.condition = exception.when.expression.text();
        facts.to = exception.to;
        obstacle.place.keys = {"exceptions", std::to_string(*enrollment.holding)};
      } else {
        facts.validated = enrollment.validated_channel;
      }
      obstacle.facts = std::move(facts);
    } else if (rule == "cool_down" && lead_.cool_down) {
      obstacle.facts = CoolDownFacts{std::string(lead_.cool_down->playbook.value), lead_.non_replies};
    } else if (rule == "spacing") {
      obstacle.facts = spacing(scope, enrollment, form, step);
    } else if (rule == "owner_absent") {
      add_absence(obstacle, scope, form, step.channel);
    } else if (rule == "contact_hours") {
      obstacle.facts = hours(scope, form);
    }
  }

  static void add_absence(Obstacle& obstacle, const Scope& scope, const Form& form, Channel channel) {
    const auto absence = owner_absence(scope, form, channel);
    if (!absence) return;
    const std::string owner(scope.lead.attributes.text("owner"));
    obstacle.facts = AbsenceFacts{owner, absence->back};
    obstacle.place.keys.push_back(owner);
  }

  /// Every throttle that is full for the step's channel, the one that decides first: it says when the touch fits.
  void add_throttles(const Verdict& verdict, const Scope& scope, Channel channel) {
    const auto& throttles = context_.rulebook.house().owners->throttles;
    const std::string owner(scope.lead.attributes.text("owner"));
    const auto first = static_cast<std::ptrdiff_t>(why_.obstacles.size());
    for (std::size_t i = 0; i < throttles.size(); ++i) {
      if (throttles[i].channel && *throttles[i].channel != channel) continue;
      if (const auto frees = throttle_frees(throttles[i], scope, owner)) {
        add(Obstacle::Effect::waits, rule_id(throttles[i]), frees, ThrottleFacts{owner, throttles[i]},
            {RulePlace::File::house, {"throttle", std::to_string(i)}});
      }
    }
    std::stable_sort(why_.obstacles.begin() + first, why_.obstacles.end(),
                     [](const Obstacle& a, const Obstacle& b) { return *a.until > *b.until; });
    why_.obstacles[static_cast<std::size_t>(first)].until = verdict.until;
  }

  /// Every full cap that counts the step's channel, the one that decides first.
  void add_caps(const Verdict& verdict, const Scope& scope, const Enrollment& enrollment, const Form& form,
                const Step& step) {
    const auto first = static_cast<std::ptrdiff_t>(why_.obstacles.size());
    for (std::size_t i = 0; i < form.caps.size(); ++i) {
      const Cap& cap = form.caps[i];
      if (cap.channel && *cap.channel != step.channel) continue;
      const CapCount counted = count(cap, scope, enrollment, form);
      if (!counted.frees) continue;
      add(effect_of(verdict.kind), rule_id(cap), counted.frees,
          CapFacts{with_max(cap, counted.max), named(counted.counted, cap, enrollment, lead_)},
          place_of_cap(i, context_.rulebook.house()));
    }
    // The latest instant counts; on a tie the first in order.
    std::stable_sort(why_.obstacles.begin() + first, why_.obstacles.end(),
                     [](const Obstacle& a, const Obstacle& b) { return *a.until > *b.until; });
  }

  std::optional<Instant> latest_withdrawal() const {
    std::optional<Instant> latest;
    for (const Channel channel : kChannels) latest = std::max(latest, consent_withdrawn(lead_, channel));
    return latest;
  }

  OptOutFacts opt_out(Channel channel) const {
    if (lead_.opted_out_of_all || lead_.opted_out.contains(channel)) return {lead_.opted_out_of_all, std::nullopt};
    return {false, consent_withdrawn(lead_, channel)};
  }

  SuppressedFacts suppressed(Channel channel) {
    SuppressedFacts facts;
    facts.complained = lead_.complained_of_all || lead_.complained.contains(channel);
    const auto kind = address_kind(channel);
    for (const auto& address : {lead_.email, lead_.phone}) {
      if (!address || !kind || address->kind() != *kind) continue;
      for (const ChannelScope scope : {ChannelScope::all(), ChannelScope::only(channel)}) {
        if (!sketch_.is_suppressed(*address, scope)) continue;
        facts.rows.push_back({*kind, scope, real_.suppression_cause(*address, scope)});
      }
    }
    return facts;
  }

  static SpacingFacts spacing(const Scope& scope, const Enrollment& enrollment, const Form& form, const Step& step) {
    const auto* on_day = std::get_if<OnDay>(&step.when);
    SpacingFacts facts;
    for (const StepState& other : enrollment.steps) {
      if (!on_day || !other.emitted_at || !other.day || *other.day >= on_day->day) continue;
      if (scope.zone(form).local_date(*other.emitted_at) != scope.zone(form).local_date(scope.now())) continue;
      facts = {std::string(other.id.value), *other.emitted_at};
    }
    return facts;
  }

  static HoursFacts hours(const Scope& scope, const Form& form) {
    const ContactHours& open = *scope.hours(form);
    const Zone& zone = scope.hours_zone(form);
    const LocalDate today = zone.local_date(scope.now());
    return {scope.now(), zone, open.days[static_cast<std::size_t>(weekday_from_monday(today))],
            std::binary_search(open.holidays.begin(), open.holidays.end(), today), open.windows};
  }

  void explain_waiting() {
    for (const EmittedTouch& touch : lead_.touches) {
      if (touch.handed_off) continue;
      LeadState lead = lead_;
      Decision ignored;
      Scope scope{lead, context_, ignored};
      WaitingTouch told{std::string(touch.playbook.value),
                        std::string(touch.step.value),
                        touch.channel,
                        touch.at,
                        touch.not_after,
                        {},
                        {},
                        false};
      const Enrollment* enrollment = find_enrollment(lead, touch.enrollment);
      const Playbook* playbook =
          enrollment ? &playbook_of(*enrollment, context_.rulebook) : context_.rulebook.find(touch.playbook);
      if (playbook != nullptr) {
        const Verdict verdict = second_gate(scope, touch, *playbook);
        told.rule = verdict.rule;
        told.until = known(verdict.until);
        told.cancelled = verdict.kind == Verdict::Kind::withheld;
      }
      why_.waiting.push_back(std::move(told));
    }
  }

  /// What is due is done, on a copy, until a touch goes out, nothing is due, or it is enough.
  void forecast() {
    LeadState lead = lead_;
    Decision decision;
    for (int asked = 0; asked < kMostAskings && lead.wake != Instant::never(); ++asked) {
      const Instant at = std::max(lead.wake, context_.now);
      const DecisionContext then{context_.rulebook, sketch_, at};
      decision.clear();
      if (!decide_due(lead, then, decision)) continue;  // it says when to come back
      for (Record& record : decision.records) {
        const bool emitted = record.type == RecordType::touch_emitted;
        why_.next.push_back(std::move(record));
        if (emitted || why_.next.size() == kMostNext) return;
      }
    }
  }

  const LeadState& lead_;
  Neighbourhood& real_;
  Sketch sketch_;
  DecisionContext context_;
  Why why_;
};

}  // namespace

Why explain(const LeadState& lead, const DecisionContext& context) { return Explanation(lead, context).make(); }

RulePlace place_of(std::string_view rule, std::string_view step, const Form& form, const House& house) {
  using File = RulePlace::File;
  if (rule.starts_with("cap:")) {
    RulePlace place;
    for (std::size_t i = 0; i < form.caps.size(); ++i) {
      if (rule_id(form.caps[i]) != rule) continue;
      if (place.file != File::none) return {};  // several caps have that name: which one it was is not written down
      place = place_of_cap(i, house);
    }
    return place;
  }
  const std::string id(step);
  if (rule == "requires") return {File::playbook, {"steps", id, "requires"}};
  if (rule == "skip_if") return {File::playbook, {"steps", id, "skip_if"}};
  if (rule == "expired") return {File::playbook, {"steps", id, "expires"}};
  if (rule == "no_contact_point" || rule == "spacing") return {File::playbook, {"steps", id}};
  if (rule == "touches_max") return {File::playbook, {"touches", "max"}};
  if (rule == "cool_down") return {File::playbook, {"cool_down"}};
  if (rule.starts_with("throttle:")) return {File::house, {"throttle"}};
  if (rule == "owner_absent") return {File::house, {"owners"}};  // whose, is known of what is asked now only
  if (rule == "contact_hours") return {File::playbook, {"contact_hours"}};
  if (rule == "escalation" || rule == "exception") return {File::playbook, {"exceptions"}};
  if (rule == "sla") return {File::playbook, {"sla"}};
  if (rule == "again") return {File::playbook, {"enroll", "again"}};
  if (rule == "condition_error") return {File::playbook, {"enroll", "when"}};
  if (rule == "priority") return {File::playbook, {"priority"}};
  if (rule == "disqualified" || rule.starts_with("qualification:")) return {File::playbook, {"qualification"}};
  if (rule == "handoff") return {File::house, {"handoff"}};
  return {};
}

std::optional<Recount> recount(const LeadState& lead, const PastDeferral& deferral, const DecisionContext& context) {
  LeadState then = lead;
  std::erase_if(then.touches, [&](const EmittedTouch& touch) { return touch.at > deferral.at; });
  Sketch sketch(context.neighbourhood, deferral.at);
  const DecisionContext past{context.rulebook, sketch, deferral.at};
  Decision ignored;
  Scope scope{then, past, ignored};
  for (Enrollment* enrollment :
       {then.enrollment ? &*then.enrollment : nullptr, then.interrupted ? &*then.interrupted : nullptr}) {
    if (enrollment == nullptr || enrollment_id(lead.subject, enrollment->ordinal) != deferral.enrollment) continue;
    const Form& form = form_of(*enrollment, context.rulebook);
    for (std::size_t i = 0; i < form.caps.size(); ++i) {
      const Cap& cap = form.caps[i];
      if (rule_id(cap) != deferral.rule) continue;
      const CapCount counted = count(cap, scope, *enrollment, form);
      if (counted.frees != deferral.until) continue;
      return Recount{{with_max(cap, counted.max), named(counted.counted, cap, *enrollment, lead)},
                     place_of_cap(i, context.rulebook.house())};
    }
  }
  return std::nullopt;
}

}  // namespace relance::rules
