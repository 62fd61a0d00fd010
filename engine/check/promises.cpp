#include "engine/check/promises.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace relance::engine {

using Severity = rules::Finding::Severity;

namespace {

// How much is tried of one playbook, in records that the trials write: some seconds. Each form gets its share.
constexpr std::size_t kMostRecords = 2'000'000;
constexpr std::size_t kLeastShare = 20'000;

constexpr std::string_view kDayNames[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

std::string span_text(const rules::Span& span) {
  return span.business_days > 0 ? fmt::format("{}bd", span.business_days) : rules::to_string(span.time);
}

std::string describe(const LeadArrival& arrival) {
  const rules::LocalDateTime local = arrival.zone.local(arrival.at);
  return fmt::format("{} {} {}", kDayNames[weekday_from_monday(local.date)], rules::to_string(local.date),
                     rules::to_string(local.time));
}

/// "value-email (withheld: expired), second-call (skipped: skip_if)"
std::string not_emitted(const rules::Form& form, const Trial& trial) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < form.steps.size(); ++i) {
    const StepFate& fate = trial.steps[i];
    if (fate.kind == StepFate::Kind::emitted) continue;
    std::string why = fate.rule == "released"                ? "released before"
                      : fate.kind == StepFate::Kind::open    ? "still open"
                      : fate.kind == StepFate::Kind::skipped ? "skipped: " + fate.rule
                                                             : "withheld: " + fate.rule;
    if (fate.rule == "expired" && !fate.deferral.empty()) why += ", deferred by " + fate.deferral;
    parts.push_back(fmt::format("{} ({})", form.steps[i].id.value, why));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// A legal pack kept the step back: it withheld it, or deferred it until it was too late.
bool is_policy(const StepFate& fate) {
  return fate.rule.starts_with("policy:") || (fate.rule == "expired" && fate.deferral.starts_with("policy:"));
}

/// "policy:fr withholds it (attempts)"
std::string law_of(const StepFate& fate) {
  if (fate.rule == "expired") return fmt::format("{} defers it until it has expired", fate.deferral);
  return fmt::format("{} withholds it{}", fate.rule, fate.reason.empty() ? "" : " (" + fate.reason + ")");
}

bool reaches(const Profile& profile, rules::Channel channel) {
  if (channel == rules::Channel::email) return profile.has_email;
  if (channel == rules::Channel::call || channel == rules::Channel::sms) return profile.has_phone;
  return true;
}

}  // namespace

void PromiseCheck::run() {
  facts_ = facts_of(playbook_, rulebook_.house().policies);
  profiles_ = profiles_of(playbook_, facts_, trigger_of(playbook_));
  check_reachable();
  const std::size_t variants = playbook_.variants.size();
  const std::size_t arms = playbook_.experiment ? playbook_.experiment->arms.size() : 0;
  share_ = std::max(kMostRecords / ((variants + 1) * std::max<std::size_t>(arms, 1)), kLeastShare);
  for (std::size_t v = 0; v <= variants; ++v) {
    for (std::size_t a = arms == 0 ? 0 : 1; a <= arms; ++a) {
      TrialRunner::Choice choice;
      if (v > 0) choice.variant = static_cast<std::uint32_t>(v - 1);
      if (a > 0) choice.arm = static_cast<std::uint32_t>(a - 1);
      if (a > 0 && playbook_.experiment->arms[a - 1].is_holdout()) continue;
      try_form(choice);
    }
  }
  check_release();
  for (const auto& [step, report] : skipped_steps_) {
    if (!emitted_anywhere_[step]) report();
  }
  if (out_of_trials_) {
    add(sources_.at({&playbook_}, {"playbook"},
                    {Severity::warning, "not-proved",
                     fmt::format("there are more kinds of leads and arrivals than the {} that were tried", trials_),
                     "fewer conditions on different attributes make a cadence easier to foresee"}));
  }
  report_.trials += trials_;
}

void PromiseCheck::check_reachable() {
  if (!profiles_.complete) return;
  const std::vector<Profile>& all = profiles_.all;
  const auto never = [&](const rules::Condition& when, auto reached) {
    return facts_.is_decidable(when) && std::none_of(all.begin(), all.end(), reached);
  };
  if (playbook_.enroll.when && never(*playbook_.enroll.when, [](const Profile& p) { return p.enrolls; })) {
    add(sources_.at({&playbook_}, {"enroll", "when"},
                    {Severity::error, "unreachable-playbook", "no lead can enter: this holds for none",
                     "`relance eval` shows what a condition comes to"}));
  }
  for (std::size_t i = 0; i < playbook_.variants.size(); ++i) {
    const rules::Variant& variant = playbook_.variants[i];
    if (!never(variant.when, [&](const Profile& p) { return p.variant == i; })) continue;
    // One before it that nobody can foresee may let it through.
    const bool decidable = std::all_of(playbook_.variants.begin(), playbook_.variants.begin() + static_cast<int>(i),
                                       [&](const rules::Variant& v) { return facts_.is_decidable(v.when); });
    if (!decidable) continue;
    add(sources_.at(
        {&playbook_}, {"variants", variant.id, "when"},
        {Severity::error, "unreachable-variant",
         fmt::format("no lead can get the variant `{}`: this holds for none that no variant before it takes",
                     variant.id),
         "the first variant whose `when` holds is taken: put the narrower one first"}));
  }
  for (std::size_t i = 0; i < playbook_.exceptions.size(); ++i) {
    const rules::Exception& exception = playbook_.exceptions[i];
    if (!never(exception.when, [&](const Profile& p) { return static_cast<bool>(p.exceptions[i]); })) continue;
    rules::Finding finding = sources_.at(
        {&playbook_}, {"exceptions", std::to_string(i), "when"},
        {Severity::error, "unreachable-exception", "no lead can meet this exception: its `when` holds for none",
         "`relance eval` shows what a condition comes to"});
    add(std::move(finding));
  }
  check_disqualifications();
}

void PromiseCheck::check_disqualifications() {
  const std::vector<Profile>& all = profiles_.all;
  const std::vector<rules::Disqualification>& rules = playbook_.qualification.disqualify;
  bool decidable = !playbook_.enroll.when || facts_.is_decidable(*playbook_.enroll.when);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!facts_.is_decidable(rules[i].when)) {
      decidable = false;
      continue;
    }
    if (std::any_of(all.begin(), all.end(), [&](const Profile& p) { return static_cast<bool>(p.disqualified[i]); })) {
      continue;
    }
    add(sources_.at({&playbook_}, {"qualification", "disqualify", std::to_string(i), "when"},
                    {Severity::error, "unreachable-disqualification",
                     fmt::format("no lead can be disqualified for `{}`: this holds for none", rules[i].reason),
                     "`relance eval` shows what a condition comes to"}));
  }
  const bool entered = std::any_of(all.begin(), all.end(), [](const Profile& p) { return p.enrolls; });
  if (!decidable || !entered || std::any_of(all.begin(), all.end(), [](const Profile& p) { return p.is_wanted(); })) {
    return;
  }
  add(sources_.at({&playbook_}, {"qualification", "disqualify"},
                  {Severity::error, "unreachable-playbook", "no lead can enter: each that may is disqualified at once",
                   "let `enroll.when` keep them out, or disqualify fewer"}));
}

void PromiseCheck::try_release(const TrialRunner::Choice& choice, const std::vector<const Profile*>& profiles) {
  if (!playbook_.release || releases_ || profiles.empty()) return;
  TrialRunner::Choice forced = choice;
  forced.force_release = true;
  TrialRunner runner(rulebook_, playbook_, forced);
  const rules::Form& form = runner.form();
  for (const Profile* profile : profiles) {
    for (const LeadArrival& arrival : arrivals_of(form, arrival_options(form, profile->country))) {
      // Nothing is claimed of what was not tried.
      if (runner.records() >= share_) releases_ = true;
      if (releases_) break;
      const Trial trial = runner.run(*profile, arrival);
      releases_ = trial.released || trial.excepted || trial.other_form || trial.disqualified || !trial.enrolled;
    }
    // A window ends for all alike; without one the enrollment ends with its last step.
    if (releases_ || form.touches.within) break;
  }
  trials_ += runner.count();
}

void PromiseCheck::check_release() {
  if (!playbook_.release || releases_) return;
  const std::string after = span_text(playbook_.release->after);
  add(sources_.at({&playbook_}, {"release", "after"},
                  {Severity::error, "unreachable-release",
                   fmt::format("no lead is ever released: the enrollment ends before its {} are over", after),
                   "release earlier, or lengthen `touches.within`"}));
}

void PromiseCheck::try_form(const TrialRunner::Choice& wanted) {
  TrialRunner::Choice choice = wanted;
  std::vector<const Profile*> profiles;
  const auto collect = [&](auto fits) {
    for (const Profile& profile : profiles_.all) {
      if (profile.is_wanted() && !profile.is_excepted() && fits(profile)) profiles.push_back(&profile);
    }
  };
  collect([&](const Profile& profile) {
    return choice.variant ? profile.variant == *choice.variant : !profile.variant.has_value();
  });
  if (profiles.empty() && choice.variant && !facts_.is_decidable(playbook_.variants[*choice.variant].when)) {
    choice.force_variant = true;
    collect([](const Profile&) { return true; });
  }
  TrialRunner runner(rulebook_, playbook_, choice);
  FormTrials trials{{&playbook_, choice.variant ? &playbook_.variants[*choice.variant] : nullptr,
                     choice.arm ? &playbook_.experiment->arms[*choice.arm] : nullptr},
                    runner,
                    std::vector<StepHistory>(runner.form().steps.size())};
  check_times(trials.form, runner.form());
  try_release(choice, profiles);
  try_leads(trials, profiles);
  try_reserves(trials, profiles);
  check_steps(trials);
  check_law(trials);
  trials_ += runner.count();
}

ArrivalOptions PromiseCheck::arrival_options(const rules::Form& form, const std::string& country) const {
  ArrivalOptions options;
  options.zones = trial_zones(form);
  for (const ConditionUse& use : facts_.uses) options.by_date = options.by_date || use.uses_now;
  options.by_zone =
      std::any_of(facts_.all.begin(), facts_.all.end(), [](const Fact& fact) { return fact.name == "timezone"; });
  if (facts_.by_country) options.country = country;
  if (playbook_.enroll.schedule) options.schedule = &*playbook_.enroll.schedule;
  return options;
}

void PromiseCheck::try_leads(FormTrials& trials, const std::vector<const Profile*>& profiles) {
  // Public holidays differ by country, and with them the hours; one plan for each.
  std::map<std::string, std::vector<const Profile*>> by_country;
  for (const Profile* profile : profiles) by_country[facts_.by_country ? profile->country : ""].push_back(profile);
  const rules::Form& form = trials.runner.form();
  for (const auto& [country, theirs] : by_country) {
    try_arrivals(trials, theirs, arrivals_of(form, arrival_options(form, country)));
  }
}

void PromiseCheck::try_arrivals(FormTrials& trials, const std::vector<const Profile*>& profiles,
                                const std::vector<LeadArrival>& arrivals) {
  for (const LeadArrival& arrival : arrivals) {
    for (const Profile* profile : profiles) {
      if (trials.runner.records() >= share_) {
        trials.cut = out_of_trials_ = true;
        return;
      }
      judge(trials, *profile, arrival);
    }
  }
}

void PromiseCheck::judge(FormTrials& trials, const Profile& profile, const LeadArrival& arrival) {
  const Trial trial = trials.runner.run(profile, arrival);
  if (!trial.enrolled || trial.excepted || trial.other_form || trial.disqualified) return;
  ++trials.trials;
  if (trial.shortfall && !std::exchange(trials.minimum_broken, true)) broken_minimum(trials, profile, arrival, trial);
  if (trial.sla_missed && !trials.sla_broken) trials.sla_broken = broken_sla(trials, profile, arrival);
  if (facts_.by_law) note_law(trials, profile, arrival, trial);
  const rules::Form& form = trials.runner.form();
  for (std::size_t i = 0; i < form.steps.size(); ++i) {
    StepHistory& history = trials.steps[i];
    const StepFate& fate = trial.steps[i];
    if (fate.kind == StepFate::Kind::emitted) {
      history.emitted = true;
      continue;
    }
    if (history.emitted) continue;
    std::string ending = fate.rule.empty() ? "open" : fate.rule;
    ++history.endings[ending];
    if (history.profile) continue;
    history.profile = &profile;
    history.arrival = arrival;
    history.fate = fate;
  }
}

void PromiseCheck::try_reserves(FormTrials& trials, const std::vector<const Profile*>& profiles) {
  const auto missing = [&] {
    return std::any_of(trials.steps.begin(), trials.steps.end(),
                       [](const StepHistory& history) { return !history.emitted && history.profile; });
  };
  if (!missing()) return;
  std::vector<Profile> reserves;
  for (const Profile* profile : profiles) {
    if (!profile->has_email || !profile->has_phone) continue;
    for (const std::string_view point : {"phone", "email"}) {
      Profile without = *profile;
      std::erase_if(without.lead, [&](const auto& entry) { return *entry.first.string() == point; });
      reserves.push_back(std::move(without));
    }
  }
  const rules::Form& form = trials.runner.form();
  for (const Profile& profile : reserves) {
    for (const LeadArrival& arrival : arrivals_of(form, arrival_options(form, profile.country))) {
      if (trials.runner.records() >= 2 * share_ || !missing()) return;
      const Trial trial = trials.runner.run(profile, arrival);
      if (!trial.enrolled || trial.excepted || trial.other_form || trial.disqualified) continue;
      for (std::size_t i = 0; i < form.steps.size(); ++i) {
        if (trial.steps[i].kind == StepFate::Kind::emitted) trials.steps[i].emitted = true;
      }
    }
  }
}

std::string PromiseCheck::in_form(const FormOf& form) const {
  std::string text;
  if (form.variant) text += fmt::format(" of the variant `{}`", form.variant->id);
  if (form.arm) text += fmt::format("{} the arm `{}`", form.variant ? " in" : " of", form.arm->id);
  return text;
}

void PromiseCheck::broken_minimum(FormTrials& trials, const Profile& profile, const LeadArrival& arrival,
                                  const Trial& trial) {
  const rules::Form& form = trials.runner.form();
  Found found{Severity::error, "min-unreachable", {}, {}};
  const auto steps = static_cast<int>(form.steps.size());
  if (steps < form.touches.min) {
    found.text = fmt::format("{} touches are promised, but there {} only {}", form.touches.min,
                             steps == 1 ? "is" : "are", steps == 1 ? "1 step" : fmt::format("{} steps", steps));
    found.suggestion = "promise less, or add steps";
  } else {
    found.text =
        fmt::format("{} touches are promised, but a lead{} that arrives on {} ({}) gets only {}", form.touches.min,
                    in_form(trials.form), describe(arrival), arrival.zone.name(), trial.touches);
    found.suggestion = "not emitted: " + not_emitted(form, trial);
  }
  add(sources_.at(trials.form, {"touches", "min"}, std::move(found)), trials.runner, profile, arrival);
}

bool PromiseCheck::broken_sla(FormTrials& trials, const Profile& profile, const LeadArrival& arrival) {
  const rules::Form& form = trials.runner.form();
  if (!form.sla) return false;
  std::vector<std::string_view> channels;
  bool has_step = false;
  for (const rules::Channel channel : rules::kChannels) {
    if (!form.sla->channels.contains(channel) || channel == rules::Channel::meeting) continue;
    channels.push_back(to_string(channel));
    const bool used = std::any_of(form.steps.begin(), form.steps.end(),
                                  [&](const rules::Step& step) { return step.channel == channel; });
    has_step = has_step || used;
    // Who has no number cannot be called in time: that breach is somebody's task, not the playbook's fault.
    if (used && !reaches(profile, channel)) return false;
  }
  Found found{Severity::error, "sla-unreachable", {}, {}};
  if (has_step) {
    found.text = fmt::format(
        "the first touch is promised within {}, but a lead{} that arrives on {} ({}) cannot have it by then",
        span_text(form.sla->within), in_form(trials.form), describe(arrival), arrival.zone.name());
    found.suggestion = form.sla->clock == rules::Sla::Clock::wall && form.contact_hours
                           ? "`clock: business` counts contact hours only"
                           : "promise more time, or ask the first step earlier";
  } else {
    found.text = channels.empty()
                     ? "the first touch is promised on meeting alone, and asking for a meeting is no contact yet"
                     : fmt::format("the first touch is promised on {}, but no step{} is on such a channel",
                                   fmt::join(channels, ", "), in_form(trials.form));
    found.suggestion = "add a step, or another channel";
  }
  add(sources_.at(trials.form, {"sla", "first_touch", "within"}, std::move(found)), trials.runner, profile, arrival);
  return true;
}

void PromiseCheck::check_steps(FormTrials& trials) {
  constexpr std::size_t kPlainWeek = 40;  // hours of work
  if (trials.trials == 0 || (trials.cut && trials.trials < kPlainWeek)) return;
  const rules::Form& form = trials.runner.form();
  for (std::size_t i = 0; i < form.steps.size(); ++i) {
    const rules::Step& step = form.steps[i];
    const StepHistory& history = trials.steps[i];
    const std::pair<int, std::string> place{step.position.line, step.id.value};
    emitted_anywhere_[place] = emitted_anywhere_[place] || history.emitted;
    // Untried arrivals might let a step go out, but holidays move neither the window's end nor the number of touches.
    const auto only = [&](std::string_view ending) {
      return history.endings.size() == 1 && history.endings.begin()->first == ending;
    };
    const bool certain = !trials.cut || (only("expired") && !step.expires) || only("touches_max") || only("released");
    // What only the law keeps back is told by country: check_law().
    const bool by_law = history.profile && is_policy(history.fate);
    if (!history.emitted && history.profile && certain && !by_law) report_step(trials, step, history);
  }
}

void PromiseCheck::note_law(FormTrials& trials, const Profile& profile, const LeadArrival& arrival,
                            const Trial& trial) {
  std::vector<LawHistory>& steps = trials.law[{profile.country, profile.subject_kind}];
  steps.resize(trial.steps.size());
  for (std::size_t i = 0; i < trial.steps.size(); ++i) {
    const StepFate& fate = trial.steps[i];
    LawHistory& history = steps[i];
    history.emitted = history.emitted || fate.kind == StepFate::Kind::emitted;
    if (history.profile || fate.kind != StepFate::Kind::withheld || !is_policy(fate)) continue;
    history.profile = &profile;
    history.arrival = arrival;
    history.fate = fate;
  }
}

void PromiseCheck::check_law(FormTrials& trials) {
  const rules::Form& form = trials.runner.form();
  for (const auto& [whom, steps] : trials.law) {
    const auto& [country, kind] = whom;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const LawHistory& history = steps[i];
      if (history.emitted || !history.profile) continue;
      Found found{Severity::error, "illegal-step", {}, {}};
      found.text = fmt::format("the step `{}`{} may go out to no lead with country {}, subject_kind {}: {}",
                               form.steps[i].id.value, in_form(trials.form), country.empty() ? "unknown" : country,
                               kind.empty() ? "unknown" : kind, law_of(history.fate));
      found.suggestion = "keep such leads out with `enroll.when`, skip the step for them, or move it";
      add(sources_.at(trials.form, {"steps", std::string(form.steps[i].id.value)}, std::move(found)), trials.runner,
          *history.profile, history.arrival);
    }
  }
}

void PromiseCheck::report_step(FormTrials& trials, const rules::Step& step, const StepHistory& history) {
  const auto only = [&](std::string_view ending) {
    return history.endings.size() == 1 && history.endings.begin()->first == ending;
  };
  const rules::Form& form = trials.runner.form();
  const FormOf& place = trials.form;
  const std::string name = fmt::format("the step `{}`{}", step.id.value, in_form(place));
  const bool skipped = history.endings.contains("skip_if");
  if (skipped && step.skip_if) {
    const ConditionUse* use = facts_.find(*step.skip_if);
    const bool foreseen =
        use && !use->opaque && !use->uses_now && step.skip_if->expression.text().find("replies") == std::string::npos &&
        std::all_of(use->facts.begin(), use->facts.end(), [&](std::size_t fact) { return facts_.all[fact].closed; });
    if (!foreseen || !profiles_.complete) return;
  }
  Found found{Severity::error, "unreachable-step", {}, {}};
  KeyPath path{"steps", std::string(step.id.value)};
  if (only("expired") && step.expires) {
    found.rule = "always-expires";
    found.text = fmt::format("{} expires for every lead: {} after it is due it has still not gone out", name,
                             span_text(*step.expires));
    found.suggestion = history.fate.deferral.empty() ? "give it more time, or ask it earlier"
                                                     : fmt::format("it is deferred by {}", history.fate.deferral);
    path.emplace_back("expires");
  } else if (only("expired")) {
    found.text = fmt::format("{} is out of reach: the window of {} ends before it can go out", name,
                             form.touches.within ? span_text(*form.touches.within) : "the playbook");
    found.suggestion = history.fate.deferral.empty()
                           ? "move it before the end, or lengthen `touches.within`"
                           : fmt::format("it is deferred by {}; lengthen `touches.within`", history.fate.deferral);
  } else if (only("released")) {
    found.text = fmt::format("{} is out of reach: every lead is released {} after its anchor, before it can go out",
                             name, span_text(playbook_.release->after));
    found.suggestion = "release later, or only leads that have come further (`release.when`)";
  } else if (only("touches_max")) {
    found.text = fmt::format("{} is out of reach: `touches.max` is reached before it for every lead", name);
    found.suggestion = "raise `max`, or remove a step";
  } else if (only("skip_if")) {
    found.text = fmt::format("{} is skipped for every lead: its `skip_if` holds for all of them", name);
    path.emplace_back("skip_if");
  } else if (only("no_contact_point")) {
    found.text = fmt::format("{} is skipped for every lead: no lead that enters can be reached by {}", name,
                             to_string(step.channel));
  } else {
    std::vector<std::string_view> reasons;
    reasons.reserve(history.endings.size());
    for (const auto& [reason, count] : history.endings) reasons.push_back(reason);
    found.text = fmt::format("{} goes out for no lead ({})", name, fmt::join(reasons, ", "));
  }
  const auto report = [this, &runner = trials.runner, place, path, found, profile = history.profile,
                       arrival = history.arrival] { add(sources_.at(place, path, found), runner, *profile, arrival); };
  if (!skipped && !history.endings.contains("no_contact_point")) return report();
  // Another variant may be the one that it is meant for; the trial is kept, as the runner will be gone.
  CheckFinding kept;
  kept.finding = sources_.at(place, path, found);
  const Trial trial = trials.runner.run(*history.profile, history.arrival, true);
  CounterExample example{history.arrival.at, history.arrival.zone, history.profile->text, {}};
  for (const TimelineEntry& entry : trial.timeline) {
    example.timeline.push_back(timeline_line(entry.record, history.arrival.zone));
  }
  kept.example = std::move(example);
  skipped_steps_.emplace_back(std::pair{step.position.line, step.id.value}, [this, kept] {
    if (add(kept.finding)) report_.findings.back().example = kept.example;
  });
}

void PromiseCheck::check_times(const FormOf& form, const rules::Form& settings) {
  if (!settings.contact_hours) return;
  const rules::ContactHours& hours = *settings.contact_hours;
  // Where the hours have their own zone, a lead's ten o'clock is many instants.
  if (hours.fixed_zone && !(*hours.fixed_zone == settings.fallback_zone)) return;
  for (const rules::Step& step : settings.steps) {
    const auto* on_day = std::get_if<rules::OnDay>(&step.when);
    if (!on_day || !on_day->at) continue;
    const bool open = std::any_of(hours.windows.begin(), hours.windows.end(), [&](const rules::OpenWindow& window) {
      return *on_day->at >= window.from && *on_day->at < window.to;
    });
    if (open) continue;
    std::vector<std::string> windows;
    windows.reserve(hours.windows.size());
    for (const rules::OpenWindow& window : hours.windows) {
      windows.push_back(rules::to_string(window.from) + "-" + rules::to_string(window.to));
    }
    add(sources_.at(form, {"steps", std::string(step.id.value), "at"},
                    {Severity::error, "at-outside-hours",
                     fmt::format("the step `{}` is asked at {}, when it can never go out: contact hours are {}",
                                 step.id.value.view(), rules::to_string(*on_day->at), fmt::join(windows, " and ")),
                     "ask it within them"}));
  }
}

bool PromiseCheck::add(rules::Finding finding) {
  const auto same = [&](const CheckFinding& known) {
    const rules::Finding& other = known.finding;
    return other.rule == finding.rule && other.position.file == finding.position.file &&
           other.position.line == finding.position.line && other.position.column == finding.position.column;
  };
  if (std::any_of(report_.findings.begin(), report_.findings.end(), same)) return false;
  report_.findings.push_back({std::move(finding), std::nullopt});
  return true;
}

void PromiseCheck::add(rules::Finding finding, TrialRunner& runner, const Profile& profile,
                       const LeadArrival& arrival) {
  if (!add(std::move(finding))) return;
  const Trial trial = runner.run(profile, arrival, true);
  CounterExample example{arrival.at, arrival.zone, profile.text, {}};
  for (const TimelineEntry& entry : trial.timeline) {
    example.timeline.push_back(timeline_line(entry.record, arrival.zone));
  }
  report_.findings.back().example = std::move(example);
}

}  // namespace relance::engine
