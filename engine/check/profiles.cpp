#include "engine/check/profiles.h"

#include <algorithm>
#include <set>

namespace relance::engine {

namespace cel = rules::cel;
using cel::Value;
using rules::EventType;
using rules::Truth;

namespace {

constexpr std::size_t kMostProfiles = 20'000;

void set(cel::Map& map, std::string_view name, const Value& value) {
  for (auto& [key, known] : map) {
    if (*key.string() == name) {
      known = value;
      return;
    }
  }
  map.emplace_back(Value(name), value);
}

/// "source inbound", "no phone", "flags vip and dispute"
std::string describe(const Fact& fact, const std::optional<Value>& value) {
  if (!value) return "no " + fact.name;
  if (fact.of == Fact::Of::lead && (fact.name == "email" || fact.name == "phone")) return "with " + fact.name;
  if (const cel::List* list = value->list()) {
    if (list->empty()) return "no " + fact.name;
    std::string text = fact.name + ' ';
    for (std::size_t i = 0; i < list->size(); ++i) {
      const std::string* element = (*list)[i].string();
      text += (i == 0 ? "" : " and ") + (element ? *element : cel::to_json((*list)[i]));
    }
    return text;
  }
  return fact.name + ' ' + (value->string() ? *value->string() : cel::to_json(*value));
}

/// The places of the values, counted like digits; while there are too many, one fact at a time leaves its first value.
class Combinations {
 public:
  explicit Combinations(const Facts& facts) : facts_(facts), places_(facts.all.size(), 0) {
    std::size_t count = 1;
    for (const Fact& fact : facts.all) {
      count *= fact.values.size();
      if (count > kMostProfiles) complete_ = false;
      if (!complete_) break;
    }
  }
  bool complete() const { return complete_; }
  const std::vector<std::size_t>& places() const { return places_; }

  bool next() {
    if (complete_) {
      for (std::size_t i = 0; i < places_.size(); ++i) {
        if (++places_[i] < facts_.all[i].values.size()) return true;
        places_[i] = 0;
      }
      return false;
    }
    // Pairs of facts: what depends on three at once may be missed, and is not claimed.
    while (first_ < places_.size()) {
      places_.assign(places_.size(), 0);
      if (++first_value_ < facts_.all[first_].values.size()) {
        places_[first_] = first_value_;
        places_[second_] = second_value_;
        return true;
      }
      first_value_ = 0;
      if (second_ < places_.size() && ++second_value_ < facts_.all[second_].values.size()) continue;
      second_value_ = 0;
      if (++second_ < places_.size()) continue;
      second_ = ++first_;
      if (second_ >= places_.size()) break;
    }
    return false;
  }

 private:
  const Facts& facts_;
  std::vector<std::size_t> places_;
  bool complete_ = true;
  std::size_t first_ = 0;
  std::size_t first_value_ = 0;
  std::size_t second_ = 0;
  std::size_t second_value_ = 0;
};

Profile profile_of(const Facts& facts, const std::vector<std::size_t>& places, EventType trigger) {
  Profile profile;
  // What no condition asks for is there.
  set(profile.lead, "email", Value("lead@example.com"));
  set(profile.lead, "phone", Value("+33612345678"));
  for (std::size_t i = 0; i < facts.all.size(); ++i) {
    const Fact& fact = facts.all[i];
    const std::optional<Value>& value = fact.values[places[i]];
    if (fact.name == "timezone" && fact.of == Fact::Of::lead) continue;  // that of the arrival
    if (!profile.text.empty()) profile.text += ", ";
    profile.text += describe(fact, value);
    // The data of a lead event are its attributes.
    cel::Map& map = fact.of == Fact::Of::lead || carries_attributes(trigger) ? profile.lead : profile.event;
    if (value) {
      set(map, fact.name, *value);
    } else {
      std::erase_if(map, [&](const auto& entry) { return *entry.first.string() == fact.name; });
    }
  }
  const auto has = [&](std::string_view name) { return Value(profile.lead).find(name) != nullptr; };
  profile.has_email = has("email");
  profile.has_phone = has("phone");
  const Value lead(profile.lead);
  const Value* country = lead.find("country");
  if (country && country->string()) profile.country = *country->string();
  const Value* kind = lead.find("subject_kind");
  if (kind && kind->string()) profile.subject_kind = *kind->string();
  return profile;
}

Value value_or_null(const Profile& profile, const Fact& fact) {
  const Value map(fact.of == Fact::Of::lead ? profile.lead : profile.event);
  const Value* found = map.find(fact.name);
  return found ? *found : Value();
}

/// What the playbook can see of the lead: equal for two leads that it treats alike. Fills in what `profile` comes to.
std::string judge(const rules::Playbook& playbook, const Facts& facts, EventType trigger, Profile& profile) {
  rules::LeadState lead;
  lead.id = rules::LeadId("lead");
  for (const auto& [name, value] : profile.lead) lead.attributes.set(*name.string(), value);
  rules::Event event;
  event.type = trigger;
  event.data = Value(carries_attributes(trigger) ? profile.lead : profile.event);
  const auto holds = [&](const rules::Condition& condition) {
    return rules::ask(condition, lead, &event, rules::Instant{}) == Truth::yes;
  };
  if (playbook.enroll.when) {
    // Where the date decides, the trial itself shows whether the lead enters.
    const ConditionUse* use = facts.find(*playbook.enroll.when);
    profile.enrolls = (use && use->uses_now) || holds(*playbook.enroll.when);
  } else {
    profile.enrolls = true;
  }
  for (std::size_t i = 0; i < playbook.variants.size() && !profile.variant; ++i) {
    if (holds(playbook.variants[i].when)) profile.variant = i;
  }
  for (const rules::Exception& exception : playbook.exceptions) profile.exceptions.push_back(holds(exception.when));
  for (const rules::Disqualification& rule : playbook.qualification.disqualify) {
    profile.disqualified.push_back(holds(rule.when));
  }

  std::string signature = std::string(profile.has_email ? "e" : "-") + (profile.has_phone ? "p" : "-");
  if (facts.by_country) signature += profile.country + ',';
  if (facts.by_law) signature += profile.subject_kind + ',';
  for (const ConditionUse& use : facts.uses) {
    signature += holds(*use.condition) ? '1' : '0';
    if (!use.uses_enrollment && !use.uses_now && !use.opaque) continue;
    // Its answer changes later: leads are alike only when it sees the same of them.
    for (const std::size_t fact : use.facts) signature += cel::to_json(value_or_null(profile, facts.all[fact])) + ',';
  }
  return signature;
}

}  // namespace

bool Profile::is_excepted() const { return std::find(exceptions.begin(), exceptions.end(), true) != exceptions.end(); }

bool Profile::is_wanted() const {
  return enrolls && std::find(disqualified.begin(), disqualified.end(), true) == disqualified.end();
}

bool carries_attributes(EventType type) { return type == EventType::lead_created || type == EventType::lead_updated; }

EventType trigger_of(const rules::Playbook& playbook) {
  // An occurrence brings no attributes, and does nothing else to the lead: nor does a page view.
  if (playbook.enroll.schedule) return EventType::page_viewed;
  const std::vector<EventType>& on = playbook.enroll.on;
  for (const EventType preferred : {EventType::lead_created, EventType::lead_updated}) {
    if (std::find(on.begin(), on.end(), preferred) != on.end()) return preferred;
  }
  return on.empty() ? EventType::playbook_enroll : on.front();
}

Profiles profiles_of(const rules::Playbook& playbook, const Facts& facts, EventType trigger) {
  Profiles profiles;
  Combinations combinations(facts);
  profiles.complete = combinations.complete();
  std::set<std::string> seen;
  do {
    Profile profile = profile_of(facts, combinations.places(), trigger);
    // Nobody can be reached who has neither address nor number.
    if (!profile.has_email && !profile.has_phone) continue;
    if (seen.insert(judge(playbook, facts, trigger, profile)).second) profiles.all.push_back(std::move(profile));
  } while (combinations.next());
  return profiles;
}

}  // namespace relance::engine
