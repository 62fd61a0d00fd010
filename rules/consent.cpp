// Consent and suppression: step 3 of "One event, in this order". Opt-outs are read so that doubt protects the person:
// an unknown channel is all channels.

#include <algorithm>
#include <array>

#include "rules/scope.h"

namespace relance::rules {

namespace {

/// The addresses that a scope covers and the lead has now.
std::vector<Address> addresses_of(const LeadState& lead, ChannelScope scope) {
  std::vector<Address> found;
  const auto covers = [&](Address::Kind kind) { return scope.is_all() || address_kind(*scope.channel) == kind; };
  if (lead.email && covers(Address::Kind::email)) found.push_back(*lead.email);
  if (lead.phone && covers(Address::Kind::phone)) found.push_back(*lead.phone);
  return found;
}

bool on_list(Neighbourhood& neighbourhood, const Address& address, ChannelScope scope) {
  return neighbourhood.is_suppressed(address, ChannelScope::all()) ||
         (!scope.is_all() && neighbourhood.is_suppressed(address, scope));
}

/// Puts the addresses on the list; true when one of them was not there.
bool suppress_addresses(Scope& scope, ChannelScope channels, std::string_view cause, std::string_view intake) {
  bool added = false;
  for (const Address& address : addresses_of(scope.lead, channels)) {
    if (on_list(scope.context.neighbourhood, address, channels)) continue;
    scope.context.neighbourhood.suppress({address, channels, cause, intake, scope.now()});
    added = true;
  }
  return added;
}

bool opted_out_of(const LeadState& lead, ChannelScope channels) {
  return lead.opted_out_of_all || (!channels.is_all() && lead.opted_out.contains(*channels.channel));
}

bool complained_of(const LeadState& lead, ChannelScope channels) {
  return lead.complained_of_all || (!channels.is_all() && lead.complained.contains(*channels.channel));
}

void add_record(Scope& scope, RecordType type, ChannelScope channels, std::string_view intake,
                std::string_view reason = {}) {
  Record& record = scope.record(type);
  record.scope = channels;
  record.intake = intake;
  record.reason = reason;
}

/// An opt-out covers the lead with every contact point it has or gets later, and every address of the scope it has now,
/// for every lead that carries it.
/// True when it added something.
bool opt_out(Scope& scope, ChannelScope channels, std::string_view intake, std::string_view cause) {
  LeadState& lead = scope.lead;
  bool effective = !opted_out_of(lead, channels);
  if (channels.is_all()) {
    lead.opted_out_of_all = true;
    scope.out.effects.emplace_back(EndCarriers{addresses_of(lead, channels)});
  } else {
    lead.opted_out.insert(*channels.channel);
  }
  effective |= suppress_addresses(scope, channels, cause, intake);
  if (effective) add_record(scope, RecordType::opt_out_effective, channels, intake);
  return effective;
}

void receive_opt_out(Scope& scope, ConsentOutcome& outcome, ChannelScope channels, std::string_view cause) {
  outcome.opted_out = true;
  add_record(scope, RecordType::opt_out_received, channels, outcome.intake);
  if (opt_out(scope, channels, outcome.intake, cause)) outcome.newly_opted_out = channels;
}

void complain(Scope& scope, ChannelScope channels) {
  LeadState& lead = scope.lead;
  bool added = !opted_out_of(lead, channels) && !complained_of(lead, channels);
  if (channels.is_all()) {
    lead.complained_of_all = true;
  } else {
    lead.complained.insert(*channels.channel);
  }
  added |= suppress_addresses(scope, channels, "complaint", "complaint");
  if (added) add_record(scope, RecordType::suppression_added, channels, "complaint", "complaint");
}

/// Erasure counts as objection (compliance.md, 16): the addresses are on the list before the attributes are forgotten.
void forget(Scope& scope) {
  scope.lead.attributes.clear();
  derive(scope.lead);
  scope.lead.erased = true;
  scope.out.attributes_changed = true;
}

void record_consent(Scope& scope, RecordType type) {
  Record& record = scope.record(type);
  record.scope = parse_channel_scope(scope.event->text("channel")).value_or(ChannelScope::all());
  record.reason = scope.event->text("purpose");
}

/// Where the person refused: the channel that is named, else the action's, else a call.
Channel refused_channel(const Scope& scope) {
  if (const auto named = parse_channel(scope.event->text("channel"))) return *named;
  const std::string_view action = scope.event->text("action");
  for (const EmittedTouch& touch : scope.lead.touches) {
    if (touch.action.value == action) return touch.channel;
  }
  return Channel::call;
}

/// The latest word of its kind counts, in whatever order words arrive; of two at one instant the one that ends first.
void keep(LeadState& lead, const ConsentMark& mark) {
  for (ConsentMark& known : lead.consent) {
    if (known.kind != mark.kind || known.channels != mark.channels || known.proven != mark.proven) continue;
    const auto end = [](const ConsentMark& of) { return of.expires.value_or(Instant::never()); };
    if (mark.at > known.at || (mark.at == known.at && end(mark) < end(known))) known = mark;
    return;
  }
  lead.consent.push_back(mark);
}

ConsentMark mark_of(const Event& event, ConsentMark::Kind kind) {
  ConsentMark mark;
  mark.kind = kind;
  mark.channels = parse_channel_scope(event.text("channel")).value_or(ChannelScope::all());
  mark.at = event.time;
  return mark;
}

/// A basis that nobody knows, an end that nobody can read: no consent can be proved by it.
void grant(Scope& scope) {
  const Event& event = *scope.event;
  record_consent(scope, RecordType::consent_granted);
  const std::string_view purpose = event.text("purpose");
  if (!purpose.empty() && purpose != "marketing") return;
  const cel::Value* named = event.data.find("basis");
  const auto basis = named && !named->is_null() ? parse_consent_basis(event.text("basis"))
                                                : std::optional<ConsentBasis>(ConsentBasis::express);
  ConsentMark mark = mark_of(event, static_cast<ConsentMark::Kind>(basis.value_or(ConsentBasis::express)));
  mark.proven = basis && !event.text("evidence").empty();
  if (const cel::Value* expires = event.data.find("expires"); expires && !expires->is_null()) {
    const std::string_view text = event.text("expires");
    mark.expires = parse_rfc3339(text);
    if (!mark.expires && parse_date(text)) mark.expires = parse_rfc3339(std::string(text) + "T00:00:00Z");
    if (!mark.expires) mark.expires = mark.at;
  }
  keep(scope.lead, mark);
}

/// Whoever takes consent back does not want to hear more on the channel, whether or not a pack asks for consent.
bool withdraw(Scope& scope) {
  record_consent(scope, RecordType::consent_withdrawn);
  if (scope.event->text("purpose") == "service") return false;
  keep(scope.lead, mark_of(*scope.event, ConsentMark::Kind::withdrawn));
  return true;
}

}  // namespace

std::optional<Instant> consent_withdrawn(const LeadState& lead, Channel channel) {
  const auto covers = [&](const ConsentMark& mark) {
    return mark.channels.is_all() || *mark.channels.channel == channel;
  };
  Instant withdrawn = Instant::earliest();
  Instant granted = Instant::earliest();
  for (const ConsentMark& mark : lead.consent) {
    if (!covers(mark)) continue;
    if (mark.kind == ConsentMark::Kind::withdrawn) withdrawn = std::max(withdrawn, mark.at);
    if (mark.kind == ConsentMark::Kind::express && mark.proven) granted = std::max(granted, mark.at);
  }
  if (withdrawn == Instant::earliest() || granted > withdrawn) return std::nullopt;
  return withdrawn;
}

namespace {

/// The intake as the contract names it; anything else is an agent's.
std::string_view intake_of(const Event& event) {
  constexpr std::array<std::string_view, 6> kIntakes{"link", "reply", "complaint", "agent", "import", "register"};
  const std::string_view named = event.text("intake");
  for (const std::string_view known : kIntakes) {
    if (named == known) return known;
  }
  return "agent";
}

ChannelScope scope_of(const Event& event, ChannelScope absent) {
  const std::string_view name = event.text("channel");
  if (name.empty()) return absent;
  return parse_channel_scope(name).value_or(ChannelScope::all());
}

}  // namespace

ConsentOutcome handle_consent(Scope& scope) {
  const Event& event = *scope.event;
  ConsentOutcome outcome;
  switch (event.type) {
    case EventType::optout_received:
      outcome.intake = intake_of(event);
      receive_opt_out(scope, outcome, scope_of(event, ChannelScope::all()), "opt_out");
      break;
    case EventType::complaint_received: {
      outcome.complained = true;
      const ChannelScope channels = scope_of(event, ChannelScope::only(Channel::email));
      if (!complained_of(scope.lead, channels)) outcome.newly_complained = channels;
      complain(scope, channels);
      break;
    }
    case EventType::touch_completed:
      if (event.text("outcome") == "refused") {
        outcome.intake = "agent";
        ConsentMark refused = mark_of(event, ConsentMark::Kind::refused);
        refused.channels = ChannelScope::only(refused_channel(scope));
        keep(scope.lead, refused);
        receive_opt_out(scope, outcome, refused.channels, "opt_out");
      }
      if (event.text("bounce") == "hard") {
        outcome.hard_bounced = true;
        const auto email = ChannelScope::only(Channel::email);
        if (suppress_addresses(scope, email, "hard_bounce", "register")) {
          outcome.newly_bounced = true;
          add_record(scope, RecordType::suppression_added, email, "register", "hard_bounce");
        }
      }
      break;
    case EventType::consent_granted:
      grant(scope);
      break;
    case EventType::consent_withdrawn:
      outcome.withdrawn = withdraw(scope);
      break;
    case EventType::erasure_requested:
      outcome.intake = "agent";
      receive_opt_out(scope, outcome, ChannelScope::all(), "erasure");
      forget(scope);
      break;
    default:
      break;
  }
  return outcome;
}

std::string_view reason_of(const ConsentOutcome& consent) {
  if (consent.opted_out) return "opt_out";
  if (consent.complained) return "complaint";
  return consent.hard_bounced ? "hard_bounce" : "";
}

void take_over(Scope& scope, const LeadState& from, std::string_view intake) {
  if (from.opted_out_of_all) opt_out(scope, ChannelScope::all(), intake, from.erased ? "erasure" : "opt_out");
  if (from.complained_of_all) complain(scope, ChannelScope::all());
  for (const Channel channel : kChannels) {
    if (from.opted_out.contains(channel)) opt_out(scope, ChannelScope::only(channel), intake, "opt_out");
    if (from.complained.contains(channel)) complain(scope, ChannelScope::only(channel));
  }
  for (const ConsentMark& mark : from.consent) {
    const bool protects = mark.kind == ConsentMark::Kind::withdrawn || mark.kind == ConsentMark::Kind::refused;
    if (protects) keep(scope.lead, mark);
  }
  if (from.erased && !scope.lead.erased) forget(scope);
}

std::string_view blocked_by(const LeadState& lead, Channel channel, Neighbourhood& neighbourhood) {
  const auto channels = ChannelScope::only(channel);
  if (opted_out_of(lead, channels) || consent_withdrawn(lead, channel)) return "opt_out";
  if (complained_of(lead, channels)) return "suppressed";
  for (const Address& address : addresses_of(lead, channels)) {
    if (on_list(neighbourhood, address, channels)) return "suppressed";
  }
  return {};
}

}  // namespace relance::rules
