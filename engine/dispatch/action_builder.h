#pragma once
// From an outbox row and the lead's state of this instant to the complete action that a connector gets: contact point,
// rendered texts, the opt-out link. Threads: the processor's. Errors: a row that cannot become an action says why.

#include <string>

#include <tl/expected.hpp>

#include "engine/config/config.h"
#include "engine/ports/partition_store.h"
#include "engine/render/template_set.h"

namespace relance::engine {

/// Where the action would go now: the lead's email address or phone number; empty when the channel needs neither.
std::string contact_point(const OutboxRow& row, const rules::LeadState& lead);

class ActionBuilder {
 public:
  struct Settings {
    SenderConfig sender;
    std::string public_url;  // origin of opt-out links
    std::string token_key;   // signs them
  };
  ActionBuilder(TemplateSet templates, Settings settings)
      : templates_(std::move(templates)), settings_(std::move(settings)) {}

  void use_templates(TemplateSet templates) { templates_ = std::move(templates); }
  [[nodiscard]] tl::expected<Action, std::string> build(const OutboxRow& row, const rules::LeadState& lead) const;

 private:
  tl::expected<void, std::string> add_message(Action& action, const OutboxRow& row, const rules::LeadState& lead) const;

  TemplateSet templates_;
  Settings settings_;
};

}  // namespace relance::engine
