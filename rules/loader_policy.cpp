#include "rules/loader_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "rules/canonical.h"
#include "rules/loader_blocks.h"
#include "rules/policy_verdict.h"

namespace relance::rules {

namespace {

/// A law counts calendar time; business days would need contact hours, which a pack has none of.
std::optional<Duration> read_plain_duration(LoadContext& context, const Field& field) {
  const auto span = read_positive_span(context, field);
  if (!span) return std::nullopt;
  if (span->business_days > 0) {
    report(context, field, "business-days", "business days are days of `contact_hours`, and there are none here",
           "write days (`d`)");
    return std::nullopt;
  }
  return span->time;
}

std::vector<std::string> read_lines(LoadContext& context, const Field& field) {
  std::vector<std::string> lines;
  const auto items = read_list(context, field, "a list of laws such as [\"decret 2022-1313\"]", kMostSources);
  for (const Field& item : items.value_or(std::vector<Field>{})) {
    if (auto line = read_line(context, item)) lines.push_back(std::move(*line));
  }
  return lines;
}

/// Of packs and rules alike.
template <class Dated>
void read_dates(LoadContext& context, const Block& block, Dated& dated) {
  if (const auto from = block.get("effective_from")) dated.effective_from = read_date(context, *from);
  const auto to = block.get("effective_to");
  if (to) dated.effective_to = read_date(context, *to);
  if (dated.effective_from && dated.effective_to && *dated.effective_to < *dated.effective_from) {
    report(context, *to, "contradiction", "`effective_to` is before `effective_from`",
           "write the first and the last day in force");
  }
}

std::string read_country(LoadContext& context, const Field& field) {
  constexpr std::string_view kExpected = "a country as two capital letters such as `FR`";
  const auto text = read_text(context, field, kExpected);
  if (!text) return {};
  if (known_country(*text) == *text && !text->empty()) return *text;
  report(context, field, "unknown-value", fmt::format("expected {}, got {}", kExpected, describe(*field.node)),
         *text == "UK" ? "did you mean `GB`?" : "write its ISO 3166-1 code");
  return {};
}

std::vector<std::string> read_regions(LoadContext& context, const Field& field) {
  constexpr std::string_view kExpected = "a region such as `FL`, as ISO 3166-2 has it after the country";
  std::vector<std::string> regions;
  const auto items = read_one_or_list(context, field, kExpected, kMostRegions);
  for (const Field& item : items.value_or(std::vector<Field>{})) {
    const auto text = read_text(context, item, kExpected);
    if (!text) continue;
    const bool good = !text->empty() && text->size() <= 3 && std::all_of(text->begin(), text->end(), [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    });
    if (!good) {
      report(context, item, "unknown-value", fmt::format("expected {}, got {}", kExpected, describe(*item.node)));
    } else if (std::find(regions.begin(), regions.end(), *text) != regions.end()) {
      report(context, item, "repeated", fmt::format("`{}` is in the list twice", *text), "remove one of the two");
    } else {
      regions.push_back(*text);
    }
  }
  std::sort(regions.begin(), regions.end());
  return regions;
}

ChannelSet read_channel_or_list(LoadContext& context, const Field& field) {
  ChannelSet channels;
  const auto items =
      read_one_or_list(context, field, "a channel, or a list of them", static_cast<int>(kChannels.size()));
  for (const Field& item : items.value_or(std::vector<Field>{})) {
    const auto channel = read_channel(context, item);
    if (!channel) continue;
    if (channels.contains(*channel)) {
      report(context, item, "repeated", fmt::format("`{}` is in the list twice", to_string(*channel)),
             "remove one of the two");
    }
    channels.insert(*channel);
  }
  return channels;
}

ChannelSet direct_channels() {
  ChannelSet channels;
  for (const Channel channel : kDirectChannels) channels.insert(channel);
  return channels;
}

PolicyMatch read_match(LoadContext& context, const Field& field) {
  PolicyMatch match;
  match.channels = direct_channels();
  const Block block(context, field, kPolicyMatchBlock);
  if (!block.is_map()) return match;
  if (const auto region = block.get("region")) match.regions = read_regions(context, *region);
  if (const auto channel = block.get("channel")) match.channels = read_channel_or_list(context, *channel);
  if (const auto kind = block.get("subject_kind")) {
    if (const auto index = read_word(context, *kind, subject_kind_names())) {
      match.kind = static_cast<SubjectKind>(*index);
    }
  }
  return match;
}

void read_exceptions_of_consent(LoadContext& context, const Field& field, ConsentRule& consent) {
  const auto items = read_list_or_empty(context, field, "a list of exceptions such as [{ basis: customer }]",
                                        static_cast<int>(consent_basis_names().size()));
  for (const Field& item : items.value_or(std::vector<Field>{})) {
    const Block block(context, item, kConsentExceptionBlock);
    if (!block.is_map()) continue;
    ConsentRule::Accepted way;
    const auto basis = block.get("basis");
    const auto index = basis ? read_word(context, *basis, consent_basis_names()) : std::nullopt;
    if (!index) continue;
    way.basis = *parse_consent_basis(consent_basis_names()[*index]);
    if (const auto max_age = block.get("max_age")) way.max_age = read_plain_duration(context, *max_age);
    const auto same = [&](const ConsentRule::Accepted& known) { return known.basis == way.basis; };
    if (std::any_of(consent.accepted.begin(), consent.accepted.end(), same)) {
      report(context, *basis, "repeated", fmt::format("`{}` is in the list twice", to_string(way.basis)),
             "remove one of the two");
    }
    consent.accepted.push_back(way);
  }
}

/// Nothing for `mode: opt_out`: nobody has to say yes then.
std::optional<ConsentRule> read_consent(LoadContext& context, const Field& field) {
  const Block block(context, field, kConsentBlock);
  if (!block.is_map()) return std::nullopt;
  const auto mode = block.get("mode");
  const auto index = mode ? read_word(context, *mode, consent_mode_names()) : std::nullopt;
  ConsentRule consent{{{ConsentBasis::express, std::nullopt}}};
  if (const auto max_age = block.get("max_age")) consent.accepted[0].max_age = read_plain_duration(context, *max_age);
  if (const auto exceptions = block.get("exceptions")) read_exceptions_of_consent(context, *exceptions, consent);
  if (!index) return std::nullopt;
  if (*index == 0) return consent;
  for (const std::string_view key : {"max_age", "exceptions"}) {
    if (const auto given = block.get(key)) {
      report(context, *given, "contradiction",
             fmt::format("`mode: opt_out` asks for no consent, so `{}` says nothing", key),
             "remove it, or write `mode: opt_in`");
    }
  }
  return std::nullopt;
}

std::optional<AttemptLimit> read_attempts(LoadContext& context, const Field& field) {
  const Block block(context, field, kAttemptsBlock);
  if (!block.is_map()) return std::nullopt;
  AttemptLimit limit;
  if (const auto max = block.get("max")) {
    limit.max = read_integer(context, *max, {.least = 1, .most = kHighestCount, .zero_stops = true}).value_or(1);
  }
  if (const auto per = block.get("per")) limit.per = read_plain_duration(context, *per).value_or(kDay);
  if (const auto counts = block.get("count_unanswered")) {
    limit.count_unanswered = read_word(context, *counts, yes_or_no_names()).value_or(0) == 0;
  }
  return limit;
}

std::optional<RefusalRule> read_refusal(LoadContext& context, const Field& field) {
  const Block block(context, field, kRefusalBlock);
  if (!block.is_map()) return std::nullopt;
  RefusalRule refusal;
  if (const auto cool_off = block.get("cool_off")) {
    refusal.cool_off = read_plain_duration(context, *cool_off).value_or(kDay);
  }
  if (const auto scope = block.get("scope")) {
    refusal.every_channel = read_word(context, *scope, refusal_scope_names()).value_or(0) == 1;
  }
  return refusal;
}

std::vector<RegisterCheck> read_registers(LoadContext& context, const Field& field) {
  std::vector<RegisterCheck> registers;
  const auto items =
      read_list(context, field, "a list of registers such as [{ name: tps, max_age: 28d }]", kMostRegisters);
  for (const Field& item : items.value_or(std::vector<Field>{})) {
    const Block block(context, item, kRegisterBlock);
    if (!block.is_map()) continue;
    RegisterCheck check;
    if (const auto name = block.get("name")) check.name = read_step_id(context, *name).value_or("");
    if (const auto max_age = block.get("max_age"))
      check.max_age = read_plain_duration(context, *max_age).value_or(kDay);
    registers.push_back(std::move(check));
  }
  return registers;
}

std::vector<std::string> read_content(LoadContext& context, const Field& field) {
  std::vector<std::string> content;
  const auto items =
      read_list(context, field, "a list such as [sender, opt_out]", static_cast<int>(policy_content_names().size()));
  for (const Field& item : items.value_or(std::vector<Field>{})) {
    if (const auto index = read_word(context, item, policy_content_names())) {
      content.emplace_back(policy_content_names()[*index]);
    }
  }
  return content;
}

std::optional<PolicyRule> read_policy_rule(LoadContext& context, const Field& field) {
  const Block block(context, field, kPolicyRuleBlock);
  if (!block.is_map()) return std::nullopt;
  PolicyRule rule;
  rule.match.channels = direct_channels();
  if (const auto id = block.get("id")) rule.id = read_step_id(context, *id).value_or("");
  if (const auto match = block.get("match")) rule.match = read_match(context, *match);
  read_dates(context, block, rule);
  if (const auto sources = block.get("sources")) rule.sources = read_lines(context, *sources);
  if (const auto consent = block.get("consent")) rule.consent = read_consent(context, *consent);
  if (const auto window = block.get("window")) rule.window = read_policy_window(context, *window);
  if (const auto attempts = block.get("attempts")) rule.attempts = read_attempts(context, *attempts);
  if (const auto refusal = block.get("refusal")) rule.refusal = read_refusal(context, *refusal);
  if (const auto registers = block.get("registers")) rule.registers = read_registers(context, *registers);
  if (const auto content = block.get("content")) rule.content = read_content(context, *content);
  constexpr std::array<std::string_view, 6> kClauses{"consent", "window",    "attempts",
                                                     "refusal", "registers", "content"};
  if (std::none_of(kClauses.begin(), kClauses.end(), [&](std::string_view key) { return block.has(key); })) {
    context.report.add({block.position(), block.path(), "missing-key", "the rule asks for nothing",
                        "add consent, window, attempts, refusal, registers or content"});
  }
  return rule;
}

void read_rules(LoadContext& context, const Field& field, PolicyPack& pack) {
  const auto items = read_list(context, field, "a list of rules", kMostPolicies);
  for (const Field& item : items.value_or(std::vector<Field>{})) {
    auto rule = read_policy_rule(context, item);
    if (!rule) continue;
    const auto same = [&](const PolicyRule& known) { return known.id == rule->id; };
    if (!rule->id.empty() && std::any_of(pack.rules.begin(), pack.rules.end(), same)) {
      report(context, item, "duplicate-id", fmt::format("the rule id `{}` is used twice", rule->id),
             "give each rule its own id");
    }
    pack.rules.push_back(std::move(*rule));
  }
}

void check_id(LoadContext& context, const Field& field, const std::string& expected, PolicyPack& pack) {
  const auto id = read_playbook_id(context, field);
  if (!id) return;
  pack.id = *id;
  if (*id == kUnknownPack) {
    report(context, field, "reserved", "`unknown` is the rule of leads of whom no country is known",
           "give the pack another id");
  } else if (*id != expected) {
    report(context, field, "file-name",
           fmt::format("expected the name of the file, `{}`, got {}", expected, describe(*field.node)),
           "rename one of the two");
  }
}

PolicyPack read_pack(LoadContext& context, const YamlNode& document, const std::string& id) {
  PolicyPack pack;
  const Block block(context, {&document, ""}, kPolicyBlock);
  if (!block.is_map()) return pack;
  if (const auto field = block.get("id")) check_id(context, *field, id, pack);
  if (const auto rev = block.get("rev")) {
    pack.rev = read_integer(context, *rev, {.least = 1, .most = kHighestCount}).value_or(1);
  }
  pack.title = pack.id;
  if (const auto title = block.get("title")) pack.title = read_line(context, *title).value_or("");
  if (const auto match = block.get("match")) {
    const Block scope(context, *match, kPolicyScopeBlock);
    const auto country = scope.is_map() ? scope.get("jurisdiction") : std::nullopt;
    if (country) pack.jurisdiction = read_country(context, *country);
  }
  read_dates(context, block, pack);
  if (const auto sources = block.get("sources")) pack.sources = read_lines(context, *sources);
  if (const auto honour_max = block.get("honour_max")) pack.honour_max = read_positive_span(context, *honour_max);
  if (const auto rules = block.get("rules")) read_rules(context, *rules, pack);
  return pack;
}

}  // namespace

tl::expected<PolicyPack, std::vector<Finding>> read_policy(const SourceText& source, const std::string& id,
                                                           const ReadBeside& read_beside) {
  Report report(source.name, source.text);
  const House none;
  LoadContext context{report, none, read_beside};
  PolicyPack pack;
  if (const auto document = read_document(report)) pack = read_pack(context, *document, id);
  if (!report.empty()) return tl::unexpected(sorted_findings(report));
  seal(pack);
  return pack;
}

}  // namespace relance::rules
