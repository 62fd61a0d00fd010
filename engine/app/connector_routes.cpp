#include "engine/app/connector_routes.h"

#include "connectors/email/email_connector.h"
#include "connectors/file/file_connector.h"
#include "connectors/http/webhook_connector.h"
#include "connectors/kafka/kafka_action_connector.h"
#include "connectors/kafka/kafka_settings.h"

namespace relance::app {

using engine::ActionKind;
using engine::Config;
using engine::ConnectorConfig;

namespace {

using Made = tl::expected<std::unique_ptr<engine::Connector>, std::string>;

Made make_file(const ConnectorConfig& config) {
  connectors::FileSettings settings;
  settings.path = config.path;
  settings.outcome = config.outcome;
  settings.concurrency = config.concurrency;
  if (config.path.has_parent_path()) std::filesystem::create_directories(config.path.parent_path());
  auto made = connectors::FileConnector::open(settings);
  if (!made) return tl::unexpected<std::string>(made.error());
  return Made(std::move(*made));
}

connectors::SmtpServer::Tls tls_of(ConnectorConfig::Tls tls) {
  switch (tls) {
    case ConnectorConfig::Tls::none:
      return connectors::SmtpServer::Tls::none;
    case ConnectorConfig::Tls::starttls:
      return connectors::SmtpServer::Tls::starttls;
    case ConnectorConfig::Tls::tls:
      return connectors::SmtpServer::Tls::tls;
  }
  return connectors::SmtpServer::Tls::starttls;
}

Made make_smtp(const Config& config, const ConnectorConfig& connector) {
  connectors::EmailSettings settings;
  settings.sender.address = config.sender.from;
  settings.sender.name = config.sender.from_name;
  settings.sender.reply_to = config.sender.reply_to;
  settings.server.host = connector.host;
  settings.server.port = connector.port;
  settings.server.tls = tls_of(connector.tls);
  settings.server.ca_file = connector.ca_file;
  settings.server.user = connector.user;
  settings.server.password = connector.password;
  settings.server.connect_timeout = connector.connect_timeout;
  settings.server.timeout = connector.timeout;
  settings.concurrency = connector.concurrency;
  return Made(std::make_unique<connectors::EmailConnector>(settings));
}

Made make_webhook(const ConnectorConfig& connector) {
  connectors::WebhookSettings settings;
  settings.url = connector.url;
  settings.secret = connector.secret;
  settings.allow_hosts = connector.allow_hosts;
  settings.connect_timeout = connector.connect_timeout;
  settings.timeout = connector.timeout;
  settings.concurrency = connector.concurrency;
  auto made = connectors::WebhookConnector::create(settings);
  if (!made) return tl::unexpected<std::string>(made.error());
  return Made(std::move(*made));
}

Made make_connector(const Config& config, const ConnectorConfig& connector, connectors::KafkaOutput* kafka) {
  switch (connector.type) {
    case ConnectorConfig::Type::file:
      return make_file(connector);
    case ConnectorConfig::Type::smtp:
      return make_smtp(config, connector);
    case ConnectorConfig::Type::webhook:
      return make_webhook(connector);
    case ConnectorConfig::Type::kafka:
      if (!kafka || !config.kafka)
        return tl::unexpected<std::string>("a connector of type kafka needs `kafka.brokers`");
      return Made(std::make_unique<connectors::KafkaActionConnector>(
          *kafka, connectors::kafka_settings(*config.kafka),
          connectors::KafkaActionConnector::Options{connector.concurrency,
                                                    connector.on_unknown == ConnectorConfig::OnUnknown::resend}));
  }
  return tl::unexpected<std::string>("unknown connector type");
}

}  // namespace

tl::expected<ConnectorRoutes, std::string> make_routes(const Config& config, connectors::KafkaOutput* kafka,
                                                       engine::ConnectorPool::Results results) {
  const std::pair<ActionKind, const ConnectorConfig*> kinds[] = {
      {ActionKind::email, &config.connectors.email},   {ActionKind::call, &config.connectors.call},
      {ActionKind::social, &config.connectors.social}, {ActionKind::sms, &config.connectors.sms},
      {ActionKind::task, &config.connectors.task},     {ActionKind::escalate, &config.connectors.escalate},
  };
  ConnectorRoutes routes;
  for (const auto& [kind, connector] : kinds) {
    auto made = make_connector(config, *connector, kafka);
    if (!made) return tl::unexpected<std::string>("connectors." + std::string(to_string(kind)) + ": " + made.error());
    routes.pools.push_back(std::make_unique<engine::ConnectorPool>(std::move(*made), results));
    const bool wants_cancels = connector->type != ConnectorConfig::Type::smtp;
    routes.routes[kind] = {routes.pools.back().get(), wants_cancels, connector->rate};
  }
  return routes;
}

}  // namespace relance::app
