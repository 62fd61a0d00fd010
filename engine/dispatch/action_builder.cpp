#include "engine/dispatch/action_builder.h"

#include "engine/render/unsubscribe_token.h"
#include "rules/decide.h"

namespace relance::engine {

using rules::LeadState;
using rules::cel::Map;
using rules::cel::Value;

namespace {

Value template_data(const LeadState& lead, const SenderConfig& sender, const std::string& unsubscribe_url) {
  Map sender_data;
  sender_data.emplace_back(Value("name"), Value(sender.from_name));
  sender_data.emplace_back(Value("address"), Value(sender.from));
  sender_data.emplace_back(Value("postal_address"), Value(sender.postal_address));
  Map data;
  data.emplace_back(Value("lead"), rules::lead_variable(lead));
  if (lead.account) data.emplace_back(Value("account"), Value(lead.account->value));
  data.emplace_back(Value("enrollment"), rules::enrollment_variable(lead));
  data.emplace_back(Value("owner"), Value(lead.attributes.text("owner")));
  data.emplace_back(Value("sender"), Value(std::move(sender_data)));
  data.emplace_back(Value("unsubscribe_url"), Value(unsubscribe_url));
  return Value(std::move(data));
}

}  // namespace

std::string contact_point(const OutboxRow& row, const LeadState& lead) {
  if (row.kind == ActionKind::cancel || row.kind == ActionKind::escalate || !row.channel) return {};
  const auto kind = rules::address_kind(*row.channel);
  if (kind == rules::Address::Kind::email && lead.email) return lead.email->reveal();
  if (kind == rules::Address::Kind::phone && lead.phone) return lead.phone->reveal();
  return {};
}

tl::expected<Action, std::string> ActionBuilder::build(const OutboxRow& row, const LeadState& lead) const {
  Action action;
  action.id = row.id;
  action.kind = row.kind;
  action.lead = lead.id;
  action.account = lead.account;
  action.owner = lead.attributes.text("owner");
  action.playbook = row.playbook;
  action.revision = row.revision;
  action.step = row.step;
  action.channel = row.channel;
  action.created = row.created;
  action.due = row.due;
  action.not_after = row.not_after;
  action.reason = row.reason;
  if (row.kind == ActionKind::cancel) {
    action.cancels = rules::ActionId(row.to);
    return action;
  }
  if (row.kind == ActionKind::escalate || !row.channel) {
    action.to = row.to;
    return action;
  }
  action.name = lead.attributes.text("name");
  action.contact_point = contact_point(row, lead);
  if (auto added = add_message(action, row, lead); !added) return tl::unexpected<std::string>(added.error());
  return action;
}

tl::expected<void, std::string> ActionBuilder::add_message(Action& action, const OutboxRow& row,
                                                           const LeadState& lead) const {
  std::string unsubscribe_url;
  if (!settings_.public_url.empty()) {
    const std::string account(lead.account ? lead.account->value.view() : std::string_view());
    unsubscribe_url =
        settings_.public_url + "/u/" + make_token(settings_.token_key, lead.id, rules::ChannelScope::all(), account);
  }
  const Value data = template_data(lead, settings_.sender, unsubscribe_url);
  if (row.kind == ActionKind::email) {
    const auto name = row.template_name.empty() ? std::nullopt : std::optional(row.template_name);
    auto message = templates_.render_email(name, data);
    if (!message) return tl::unexpected<std::string>(message.error());
    action.email = {std::move(message->subject), std::move(message->text), std::move(message->html),
                    std::move(message->language), unsubscribe_url};
    return {};
  }
  if (row.template_name.empty()) return {};
  auto message = templates_.render(row.template_name, data);
  if (!message) return tl::unexpected<std::string>(message.error());
  action.script = std::move(message->text);
  return {};
}

}  // namespace relance::engine
