#include "rules/forms.h"

#include <algorithm>

namespace relance::rules {

namespace {

void change(Step& step, const StepChange& change) {
  if (change.channel) step.channel = *change.channel;
  if (change.wait) step.when = AfterWait{*change.wait};
  if (change.day || change.at) {
    const auto* before = std::get_if<OnDay>(&step.when);
    OnDay on_day = before ? *before : OnDay{};
    if (change.day) on_day.day = *change.day;
    if (change.at) on_day.at = *change.at;
    step.when = on_day;
  }
  if (change.expires) step.expires = change.expires;
  if (change.skip_if) step.skip_if = change.skip_if;
  if (change.requirement) step.requirement = change.requirement;
  if (change.skip_on_cap) step.skip_on_cap = *change.skip_on_cap;
  if (change.resend_on_unknown) step.resend_on_unknown = *change.resend_on_unknown;
  if (change.template_name) step.template_name = change.template_name;
}

Step* find(std::vector<Step>& steps, const StepId& id) {
  const auto found = std::find_if(steps.begin(), steps.end(), [&](const Step& step) { return step.id == id; });
  return found == steps.end() ? nullptr : &*found;
}

void apply(const Replacement& replacement, Form& form) {
  if (replacement.sla) form.sla = replacement.sla;
  if (replacement.touches) form.touches = *replacement.touches;
  if (replacement.contact_hours) {
    form.contact_hours = replacement.contact_hours;
    form.fallback_zone = *form.contact_hours->fallback_zone;
  }
  if (replacement.caps) form.caps = *replacement.caps;
  if (replacement.cool_down) form.cool_down = replacement.cool_down;
  if (replacement.steps) form.steps = *replacement.steps;
  for (const StepChange& step_change : replacement.step_changes) {
    if (Step* step = find(form.steps, step_change.id)) change(*step, step_change);
  }
}

void hold_out(Form& form) {
  form.steps.clear();
  form.sla.reset();
  form.touches.min = 0;
}

std::size_t arms_of(const Playbook& playbook) { return playbook.experiment ? playbook.experiment->arms.size() : 0; }

/// Calls `visit(variant, arm)` for each form but the file's own, in the order of form_place(); null: none.
template <class Visit>
void for_each_form(const Playbook& playbook, Visit visit) {
  for (std::size_t v = 0; v <= playbook.variants.size(); ++v) {
    for (std::size_t a = 0; a <= arms_of(playbook); ++a) {
      if (v == 0 && a == 0) continue;
      visit(v == 0 ? nullptr : &playbook.variants[v - 1], a == 0 ? nullptr : &playbook.experiment->arms[a - 1]);
    }
  }
}

bool has_wait(const Step& step) { return std::holds_alternative<AfterWait>(step.when); }

bool days_go_down(const std::vector<Step>& steps) {
  int latest = 0;
  for (const Step& step : steps) {
    const auto* on_day = std::get_if<OnDay>(&step.when);
    if (!on_day) continue;
    if (on_day->day < latest) return true;
    latest = on_day->day;
  }
  return false;
}

/// `steps` takes the changes, up to the first that cannot be.
std::optional<FormProblem> try_changes(std::vector<Step>& steps, const std::vector<StepChange>& changes) {
  const StepChange* moved = nullptr;  // the first that changes a day: lists as they are written are in order
  for (const StepChange& step_change : changes) {
    Step* step = find(steps, step_change.id);
    if (!step) continue;
    const bool moves = step_change.day || step_change.at;
    if (has_wait(*step) ? moves : step_change.wait.has_value()) return FormProblem{&step_change, true};
    if (step_change.day && !moved) moved = &step_change;
    change(*step, step_change);
  }
  if (moved && days_go_down(steps)) return FormProblem{moved, false};
  return std::nullopt;
}

}  // namespace

std::size_t form_place(const Playbook& playbook, std::optional<std::uint32_t> variant,
                       std::optional<std::uint32_t> arm) {
  const std::size_t row = variant ? *variant + 1 : 0;
  return row * (arms_of(playbook) + 1) + (arm ? *arm + 1 : 0);
}

void make_forms(Playbook& playbook) {
  playbook.replaced_forms.clear();
  for_each_form(playbook, [&](const Variant* variant, const Arm* arm) {
    Form form = playbook;
    if (variant) apply(variant->replace, form);
    if (arm && arm->replace) apply(*arm->replace, form);
    if (arm && arm->is_holdout()) hold_out(form);
    playbook.replaced_forms.push_back(std::move(form));
  });
}

std::vector<FormProblem> problems_of_forms(const Playbook& playbook) {
  std::vector<FormProblem> problems;
  const auto note = [&](const std::optional<FormProblem>& problem) {
    const auto same = [&](const FormProblem& known) { return known.change == problem->change; };
    if (problem && std::none_of(problems.begin(), problems.end(), same)) problems.push_back(*problem);
    return problem.has_value();
  };
  for_each_form(playbook, [&](const Variant* variant, const Arm* arm) {
    std::vector<Step> steps = playbook.steps;
    for (const Replacement* replacement :
         {variant ? &variant->replace : nullptr, arm && arm->replace ? &*arm->replace : nullptr}) {
      if (!replacement) continue;
      if (replacement->steps) steps = *replacement->steps;
      if (note(try_changes(steps, replacement->step_changes))) return;
    }
  });
  return problems;
}

}  // namespace relance::rules
