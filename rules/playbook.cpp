#include "rules/playbook.h"

#include <algorithm>
#include <utility>

#include "rules/forms.h"

namespace relance::rules {

namespace {

std::string_view scope_name(Cap::Scope scope) {
  switch (scope) {
    case Cap::Scope::lead:
      return "lead";
    case Cap::Scope::account:
      return "account";
    case Cap::Scope::playbook:
      return "playbook";
  }
  return "lead";
}

Duration longest_rolling_cap(const Form& form) {
  Duration longest_period{0};
  for (const Cap& cap : form.caps) {
    const auto* rolling = std::get_if<Span>(&cap.per);
    if (!rolling) continue;
    const bool counts_days = rolling->business_days > 0 && form.contact_hours;
    longest_period =
        std::max(longest_period, counts_days ? longest(*form.contact_hours, rolling->business_days) : rolling->time);
    if (!counts_days) continue;
    for (const auto& [country, hours] : form.contact_hours->of_countries) {
      longest_period = std::max(longest_period, longest(*hours, rolling->business_days));
    }
  }
  return longest_period;
}

Duration longest_rolling_cap(const Playbook& playbook) {
  Duration longest_period = longest_rolling_cap(static_cast<const Form&>(playbook));
  for (const Form& form : playbook.replaced_forms) {
    longest_period = std::max(longest_period, longest_rolling_cap(form));
  }
  return longest_period;
}

}  // namespace

const std::vector<cel::Variable>& condition_variables() {
  static const auto* const variables =
      new std::vector<cel::Variable>{{"lead", cel::VariableType::map_string_dyn},
                                     {"account", cel::VariableType::map_string_dyn},
                                     {"event", cel::VariableType::map_string_dyn},
                                     {"now", cel::VariableType::timestamp},
                                     {"enrollment", cel::VariableType::map_string_dyn}};
  return *variables;
}

std::string rule_id(const Cap& cap) {
  std::string id = "cap:";
  id += scope_name(cap.scope);
  id += ':';
  id += cap.channel ? to_string(*cap.channel) : std::string_view("any");
  return id;
}

const Step* Form::find_step(const StepId& step) const {
  const auto found = std::find_if(steps.begin(), steps.end(), [&](const Step& s) { return s.id == step; });
  return found == steps.end() ? nullptr : &*found;
}

const Form& Playbook::form(std::optional<std::uint32_t> variant, std::optional<std::uint32_t> arm) const {
  return form_at(form_place(*this, variant, arm));
}

const Form& Playbook::form_at(std::size_t place) const {
  return place == 0 || place > replaced_forms.size() ? *this : replaced_forms[place - 1];
}

const Workflow* Playbook::find_workflow(EventType type) const {
  const auto found = std::find_if(workflows.begin(), workflows.end(), [&](const Workflow& w) { return w.on == type; });
  return found == workflows.end() ? nullptr : &*found;
}

Rulebook::Rulebook(House house, std::vector<Playbook> current) : house_(std::move(house)) {
  for (const auto& pack : house_.policies) {
    longest_cap_period_ = std::max(longest_cap_period_, longest_attempt_period(*pack));
  }
  for (Playbook& playbook : current) current_.push_back(std::make_shared<const Playbook>(std::move(playbook)));
  std::sort(current_.begin(), current_.end(), [](const auto& a, const auto& b) {
    return a->priority != b->priority ? a->priority > b->priority : a->id < b->id;
  });
  for (const auto& playbook : current_) {
    by_id_.emplace_back(playbook->id, playbook.get());
    by_revision_.emplace(playbook->revision, playbook);
    longest_cap_period_ = std::max(longest_cap_period_, longest_rolling_cap(*playbook));
    if (playbook->enroll.schedule) scheduled_.push_back(playbook.get());
    for (const EventType type : playbook->enroll.on) {
      candidates_[static_cast<std::size_t>(type)].push_back(playbook.get());
    }
  }
}

void Rulebook::add_pinned(Playbook playbook) {
  const Revision revision = playbook.revision;
  if (by_revision_.contains(revision)) return;
  longest_cap_period_ = std::max(longest_cap_period_, longest_rolling_cap(playbook));
  by_revision_.emplace(revision, std::make_shared<const Playbook>(std::move(playbook)));
}

void Rulebook::keep_revisions_of(const Rulebook& earlier) {
  by_revision_.insert(earlier.by_revision_.begin(), earlier.by_revision_.end());
  longest_cap_period_ = std::max(longest_cap_period_, earlier.longest_cap_period_);
}

const std::vector<const Playbook*>& Rulebook::candidates(EventType type) const {
  return candidates_[static_cast<std::size_t>(type)];
}

const Playbook* Rulebook::find(const PlaybookId& id) const {
  // Comparing two ids is comparing two words, so a scan is faster than a tree.
  const auto found = std::find_if(by_id_.begin(), by_id_.end(), [&](const auto& entry) { return entry.first == id; });
  return found == by_id_.end() ? nullptr : found->second;
}

bool Rulebook::knows(const PlaybookId& id) const {
  return std::any_of(by_revision_.begin(), by_revision_.end(),
                     [&](const auto& entry) { return entry.second->id == id; });
}

const Playbook* Rulebook::find(const PlaybookId& id, const Revision& revision) const {
  // Nearly always the current one.
  const Playbook* current = find(id);
  if (current && current->revision == revision) return current;
  const auto found = by_revision_.find(revision);
  // A revision covers the id, so another id under it is a caller's mix-up: better no playbook than the wrong one.
  return found == by_revision_.end() || found->second->id != id ? nullptr : found->second.get();
}

}  // namespace relance::rules
