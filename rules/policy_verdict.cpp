#include "rules/policy_verdict.h"

#include <algorithm>

#include "rules/ascii.h"

namespace relance::rules {

namespace {

/// Hours as one zone reads them.
struct Calendar {
  const ContactHours* hours;
  Zone zone;
};

constexpr Duration kHorizon = kDay * 400;
constexpr std::string_view kNoConsentNeeded = "opt_out";

/// The first instant at or after `from` that is open in every calendar. Ends: each round moves to a later opening.
std::optional<Instant> first_open_in_all(const std::vector<Calendar>& calendars, Instant from) {
  Instant at = from;
  while (at - from <= kHorizon) {
    const Instant before = at;
    for (const Calendar& calendar : calendars) {
      const auto open = first_open(*calendar.hours, calendar.zone, at);
      if (!open) return std::nullopt;
      at = *open;
    }
    if (at == before) return at;
  }
  return std::nullopt;
}

bool is_direct(Channel channel) {
  return std::find(kDirectChannels.begin(), kDirectChannels.end(), channel) != kDirectChannels.end();
}

/// "fl", "US-FL" -> "FL"; empty when it is no code.
std::string region_of(const LeadState& lead, std::string_view country) {
  constexpr std::size_t kLongestCode = 3;
  std::string code;
  for (const char c : lead.attributes.text("region")) code += upper(c);
  if (code.size() > 3 && code.starts_with(country) && code[2] == '-') code.erase(0, 3);
  const bool is_code = code.size() <= kLongestCode && std::all_of(code.begin(), code.end(), [](char c) {
                         return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
                       });
  return is_code ? code : std::string();
}

/// From the best to the worst that can be said of a consent.
enum class Standing { valid, expired, unproven, missing };

Standing standing_of(const ConsentMark& mark, const ConsentRule::Accepted& accepted, Instant now) {
  if (!mark.proven) return Standing::unproven;
  if (mark.expires && *mark.expires <= now) return Standing::expired;
  if (accepted.max_age && mark.at + *accepted.max_age <= now) return Standing::expired;
  return Standing::valid;
}

ConsentMark::Kind mark_of(ConsentBasis basis) { return static_cast<ConsentMark::Kind>(basis); }

struct FoundConsent {
  Standing standing = Standing::missing;
  ConsentBasis basis = ConsentBasis::express;
};

FoundConsent find_consent(const PolicyQuestion& question, const std::vector<ConsentRule::Accepted>& accepted) {
  const auto& marks = question.lead.consent;
  Instant withdrawn = Instant::earliest();
  for (const ConsentMark& mark : marks) {
    if (mark.kind == ConsentMark::Kind::withdrawn && mark.channels.covers(question.channel)) {
      withdrawn = std::max(withdrawn, mark.at);
    }
  }
  FoundConsent best;
  for (const ConsentRule::Accepted& way : accepted) {
    for (const ConsentMark& mark : marks) {
      if (mark.kind != mark_of(way.basis) || !mark.channels.covers(question.channel) || mark.at <= withdrawn) continue;
      const Standing standing = standing_of(mark, way, question.now);
      if (standing < best.standing) best = {standing, way.basis};
    }
  }
  return best;
}

const std::vector<ConsentRule::Accepted>& express_only() {
  static const auto* const kExpress = new std::vector<ConsentRule::Accepted>{{ConsentBasis::express, std::nullopt}};
  return *kExpress;
}

std::string_view reason_of(Standing standing) {
  switch (standing) {
    case Standing::valid:
      return {};
    case Standing::expired:
      return "consent_expired";
    case Standing::unproven:
      return "consent_unproven";
    case Standing::missing:
      return "consent_missing";
  }
  return "consent_missing";
}

/// When the lead was found not to be on the register: `screened: { tps: "2026-03-01" }`.
std::optional<Instant> screened_at(const LeadState& lead, const std::string& name) {
  const cel::Value* screened = lead.attributes.find("screened");
  const cel::Value* found = screened ? screened->find(name) : nullptr;
  const std::string* text = found ? found->string() : nullptr;
  if (!text) return std::nullopt;
  if (const auto instant = parse_rfc3339(*text)) return instant;
  if (parse_date(*text)) return parse_rfc3339(*text + "T00:00:00Z");
  return std::nullopt;
}

/// The first clause of the rule by which the touch may not go out at all; empty: none.
std::string_view why_withheld(const PolicyRule& rule, const PolicyQuestion& question) {
  const LeadState& lead = question.lead;
  const Instant now = question.now;
  if (rule.consent) {
    const FoundConsent consent = find_consent(question, rule.consent->accepted);
    if (consent.standing != Standing::valid) return reason_of(consent.standing);
  }
  // Who said yes to the calls may be called whatever a register says.
  if (!rule.registers.empty() && find_consent(question, express_only()).standing != Standing::valid) {
    for (const RegisterCheck& check : rule.registers) {
      const auto at = screened_at(lead, check.name);
      if (!at || *at > now || *at + check.max_age <= now) return "register";
    }
  }
  if (rule.refusal) {
    for (const ConsentMark& mark : lead.consent) {
      if (mark.kind != ConsentMark::Kind::refused) continue;
      if ((rule.refusal->every_channel || mark.channels.covers(question.channel)) &&
          now < mark.at + rule.refusal->cool_off)
        return "refusal";
    }
  }
  if (rule.attempts) {
    const auto counts = [&](const EmittedTouch& touch) {
      return touch.channel == question.channel && touch.at + rule.attempts->per > now &&
             (rule.attempts->count_unanswered || !touch.unanswered) &&
             (!question.asked || touch.action != *question.asked);
    };
    if (std::count_if(lead.touches.begin(), lead.touches.end(), counts) >= rule.attempts->max) return "attempts";
  }
  return {};
}

/// Asks rule after rule and keeps the strictest answer.
class Inquiry {
 public:
  explicit Inquiry(const PolicyQuestion& question)
      : question_(question),
        country_(country_of(question.lead)),
        region_(region_of(question.lead, country_)),
        kind_(subject_kind_of(question.lead)),
        today_(question.zone.local_date(question.now)) {
    verdict_.legal_basis = kNoConsentNeeded;
  }

  PolicyVerdict run(const PolicyPacks& packs) {
    const bool has_law =
        std::any_of(packs.begin(), packs.end(), [&](const auto& pack) { return pack->jurisdiction == country_; });
    if (country_.empty() || !kind_ || !has_law) require_consent();
    for (const auto& pack : packs) {
      if (country_.empty() || country_ == pack->jurisdiction) ask(*pack);
    }
    if (verdict_.kind != PolicyVerdict::Kind::withheld) ask_hours();
    if (verdict_.packs.empty() && verdict_.legal_basis == kNoConsentNeeded) verdict_.legal_basis = {};
    return std::move(verdict_);
  }

 private:
  bool in_force(const std::optional<LocalDate>& from, const std::optional<LocalDate>& to) const {
    return (!from || *from <= today_) && (!to || today_ <= *to);
  }
  bool matches(const PolicyMatch& match) const {
    if (!match.channels.contains(question_.channel)) return false;
    if (match.kind && *match.kind != kind_.value_or(SubjectKind::consumer)) return false;
    return match.regions.empty() || region_.empty() ||
           std::find(match.regions.begin(), match.regions.end(), region_) != match.regions.end();
  }

  void ask(const PolicyPack& pack) {
    if (!in_force(pack.effective_from, pack.effective_to)) return;
    bool applies = false;
    for (const PolicyRule& rule : pack.rules) {
      if (!in_force(rule.effective_from, rule.effective_to) || !matches(rule.match)) continue;
      applies = true;
      withhold(pack.id, why_withheld(rule, question_));
      if (rule.consent) use_basis(find_consent(question_, rule.consent->accepted));
      if (rule.window) add_window(pack, *rule.window);
    }
    if (applies) verdict_.packs += (verdict_.packs.empty() ? "" : ",") + pack.name;
  }

  void require_consent() {
    if (!is_direct(question_.channel)) return;
    const FoundConsent consent = find_consent(question_, express_only());
    withhold(kUnknownPack, reason_of(consent.standing));
    use_basis(consent);
  }

  void use_basis(const FoundConsent& consent) {
    if (consent.standing == Standing::valid) verdict_.legal_basis = to_string(consent.basis);
  }

  void withhold(std::string_view pack, std::string_view reason) {
    if (reason.empty() || verdict_.kind == PolicyVerdict::Kind::withheld) return;
    verdict_.kind = PolicyVerdict::Kind::withheld;
    verdict_.rule = "policy:" + std::string(pack);
    verdict_.reason = reason;
  }

  void add_window(const PolicyPack& pack, const PolicyWindow& window) {
    const ContactHours& hours = window.hours.of(country_);
    const auto add = [&](const Zone& zone) {
      calendars_.push_back({&hours, zone});
      const Instant open = first_open(hours, zone, question_.now).value_or(Instant::never());
      if (strictest_ && open <= opens_) return;
      strictest_ = &pack;
      opens_ = open;
    };
    if (window.hours.fixed_zone) return add(*window.hours.fixed_zone);
    if (question_.lead.zone || window.unknown_zones.empty()) return add(question_.zone);
    for (const Zone& zone : window.unknown_zones) add(zone);
  }

  /// The packs' hours are asked together with the playbook's: one instant, and none where they never meet.
  void ask_hours() {
    if (calendars_.empty()) return;
    const auto open_by_packs = first_open_in_all(calendars_, question_.now);
    if (question_.hours) calendars_.push_back({question_.hours, question_.hours_zone});
    verdict_.open = first_open_in_all(calendars_, question_.now);
    if (!verdict_.open) return withhold(strictest_->id, "hours");
    if (*open_by_packs == question_.now) return;
    verdict_.kind = PolicyVerdict::Kind::deferred;
    verdict_.rule = "policy:" + strictest_->id;
    verdict_.reason = "hours";
    verdict_.until = *verdict_.open;
  }

  const PolicyQuestion& question_;
  std::string country_;
  std::string region_;
  std::optional<SubjectKind> kind_;
  LocalDate today_;
  std::vector<Calendar> calendars_;
  const PolicyPack* strictest_ = nullptr;  // the one whose own hours open last
  Instant opens_ = Instant::earliest();
  PolicyVerdict verdict_;
};

}  // namespace

std::string country_of(const LeadState& lead) { return known_country(lead.attributes.text("country")); }

std::optional<SubjectKind> subject_kind_of(const LeadState& lead) {
  const std::string_view kind = lead.attributes.text("subject_kind");
  if (kind == "consumer") return SubjectKind::consumer;
  if (kind == "business") return SubjectKind::business;
  return std::nullopt;
}

PolicyVerdict ask_policies(const PolicyPacks& packs, const PolicyQuestion& question) {
  if (packs.empty()) return {};  // most daemons; nothing is even read of the lead
  return Inquiry(question).run(packs);
}

}  // namespace relance::rules
