#include "rules/lead_state.h"

#include <algorithm>

namespace relance::rules {

const cel::Value* LeadAttributes::find(std::string_view name) const {
  for (const auto& [key, value] : entries_) {
    if (key == name) return &value;
  }
  return nullptr;
}

void LeadAttributes::set(std::string_view name, cel::Value value) {
  const auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const auto& e) { return e.first == name; });
  if (value.is_null()) {
    if (entry != entries_.end()) entries_.erase(entry);
  } else if (entry != entries_.end()) {
    entry->second = std::move(value);
  } else {
    entries_.emplace_back(std::string(name), std::move(value));
  }
}

std::string_view LeadAttributes::text(std::string_view name) const {
  const cel::Value* value = find(name);
  const std::string* text = value != nullptr ? value->string() : nullptr;
  return text != nullptr ? std::string_view(*text) : std::string_view();
}

void derive(LeadState& lead) {
  const LeadAttributes& attributes = lead.attributes;
  lead.email = Address::email(attributes.text("email"));
  lead.phone = Address::phone(attributes.text("phone"), attributes.text("country"));
  derive_zone(lead);
}

void derive_zone(LeadState& lead) {
  const std::string_view timezone = lead.attributes.text("timezone");
  lead.zone = timezone.empty() ? std::nullopt : Zone::find(timezone);
}

}  // namespace relance::rules
