#include "connectors/kafka/kafka_output.h"

#include <future>
#include <memory>

#include <doctest/doctest.h>

#include "connectors/kafka/kafka_action_connector.h"
#include "connectors/kafka/kafka_publisher.h"
#include "connectors/kafka/kafka_records.h"
#include "tests/connectors/kafka_mock_cluster.h"

using namespace relance;
using namespace std::chrono_literals;
using connectors::Delivery;
using connectors::KafkaActionConnector;
using connectors::KafkaOutput;
using connectors::KafkaPublisher;
using connectors::KafkaSettings;
using connectors::LedgerLine;
using connectors::OutputLimits;
using connectors::OutputRecord;
using connectors::Refusal;
using engine::AttemptResult;
using tests::eventually;
using tests::MockCluster;

namespace {

using Clock = std::chrono::steady_clock;

const std::string kTooLarge(2 * 1024 * 1024, 'x');  // librdkafka's message.max.bytes is 1 MB

std::unique_ptr<KafkaOutput> open_output(const KafkaSettings& settings, OutputLimits limits = {},
                                         std::function<void(const std::string&)> on_fatal = {}) {
  auto output = KafkaOutput::open(settings, std::move(on_fatal), limits);
  INFO((output ? std::string() : output.error()));
  REQUIRE(output);
  return *std::move(output);
}

OutputRecord record_to(const std::string& topic, const std::string& key = "acme", const std::string& payload = "{}") {
  OutputRecord record;
  record.topic = topic;
  record.key = key;
  record.payload = payload;
  return record;
}

std::future<Delivery> publish(KafkaOutput& output, const OutputRecord& record) {
  auto promise = std::make_shared<std::promise<Delivery>>();
  auto future = promise->get_future();
  const auto taken = output.publish(record, [promise](const Delivery& delivery) { promise->set_value(delivery); });
  INFO((taken ? std::string() : taken.error().reason));
  REQUIRE(taken);
  return future;
}

Delivery delivered(std::future<Delivery> future) {
  REQUIRE(future.wait_for(30s) == std::future_status::ready);
  return future.get();
}

engine::Action call_action() {
  engine::Action action;
  action.id = rules::ActionId("0123456789abcdef0123456789abcdef");
  action.kind = engine::ActionKind::call;
  action.lead = rules::LeadId("L-1");
  action.account = rules::AccountId("acme");
  action.playbook = rules::PlaybookId("inbound");
  action.step = rules::StepId("call-1");
  return action;
}

LedgerLine line(std::uint64_t seq, std::string payload = "{}") { return {seq, "subject", std::move(payload)}; }

}  // namespace

TEST_CASE("a record that the broker wrote is acknowledged with its partition and offset") {
  MockCluster cluster;
  cluster.create_topic("out", 1);
  const auto output = open_output(cluster.settings());
  CHECK(delivered(publish(*output, record_to("out"))).kind == Delivery::Kind::acked);
  const Delivery second = delivered(publish(*output, record_to("out")));
  CHECK(second.partition == 0);
  CHECK(second.offset == 1);
  CHECK(output->connected());
  CHECK(output->counters().acked == 2);
}

TEST_CASE("a key goes to the partition where Java clients put it") {
  MockCluster cluster;
  cluster.create_topic("out", 8);
  const auto output = open_output(cluster.settings());
  // From Kafka's own tests of murmur2: "21" is -973932308, "foobar" is -790332482; partition = (hash & 0x7fffffff) % 8.
  CHECK(delivered(publish(*output, record_to("out", "21"))).partition == (-973932308 & 0x7fffffff) % 8);
  CHECK(delivered(publish(*output, record_to("out", "foobar"))).partition == (-790332482 & 0x7fffffff) % 8);
}

TEST_CASE("a record that is too large is refused at once and never completes") {
  MockCluster cluster;
  cluster.create_topic("out", 1);
  const auto output = open_output(cluster.settings());
  bool completed = false;
  const auto taken = output->publish(record_to("out", "k", kTooLarge), [&](const Delivery&) { completed = true; });
  REQUIRE_FALSE(taken);
  CHECK(taken.error().kind == Refusal::Kind::rejected);
  CHECK(output->flush(Clock::now() + 10s));
  CHECK_FALSE(completed);
  CHECK(output->queued() == 0);
}

TEST_CASE("without a broker a record ends as not sent, and the output says what is wrong") {
  KafkaSettings settings = tests::unreachable_settings();
  settings.delivery_timeout = rules::Duration{300};
  const auto output = open_output(settings);
  CHECK(delivered(publish(*output, record_to("out"))).kind == Delivery::Kind::not_sent);
  CHECK_FALSE(output->connected());
  CHECK(eventually([&] { return !output->problem().empty(); }));
}

TEST_CASE("a record that was sent and not answered in time is unknown") {
  MockCluster cluster;
  cluster.create_topic("out", 1);
  KafkaSettings settings = cluster.settings();
  settings.delivery_timeout = rules::Duration{3000};
  OutputLimits limits;
  limits.close = 100ms;
  const auto output = open_output(settings, limits);
  // The connection has to be up first, however long that takes.
  REQUIRE(eventually([&] { return delivered(publish(*output, record_to("out"))).kind == Delivery::Kind::acked; }));
  cluster.answer_after(60s);
  CHECK(delivered(publish(*output, record_to("out"))).kind == Delivery::Kind::unknown);
}

TEST_CASE("a full queue refuses, and has room again after the acknowledgements") {
  MockCluster cluster;
  cluster.create_topic("out", 1);
  OutputLimits limits;
  limits.queued_messages = 2;
  cluster.answer_after(50ms);
  const auto output = open_output(cluster.settings(), limits);
  auto first = publish(*output, record_to("out"));
  auto second = publish(*output, record_to("out"));
  const auto third = output->publish(record_to("out"), {});
  REQUIRE_FALSE(third);
  CHECK(third.error().kind == Refusal::Kind::full);
  CHECK(output->wait_for_room(Clock::now() + 30s));
  CHECK(output->publish(record_to("out"), {}).has_value());
  CHECK(output->flush(Clock::now() + 30s));
  CHECK(output->counters().acked == 3);
}

TEST_CASE("close completes what it could not send, within its bound") {
  OutputLimits limits;
  limits.close = 100ms;
  const auto output = open_output(tests::unreachable_settings(), limits);
  auto delivery = publish(*output, record_to("out"));
  const auto begin = Clock::now();
  output->close();
  CHECK(Clock::now() - begin < 10s);
  REQUIRE(delivery.wait_for(0s) == std::future_status::ready);
  CHECK(delivery.get().kind == Delivery::Kind::not_sent);
  const auto after = output->publish(record_to("out"), {});
  REQUIRE_FALSE(after);
  CHECK(after.error().kind == Refusal::Kind::closed);
}

TEST_CASE("a producer that may not write idempotently reports it once and takes nothing more") {
  MockCluster cluster;
  cluster.create_topic("out", 1);
  cluster.fail_next(MockCluster::kInitProducerId, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
  std::atomic<int> calls{0};
  const auto output = open_output(cluster.settings(), {}, [&](const std::string&) { ++calls; });
  REQUIRE(eventually([&] { return calls > 0; }));
  const auto taken = output->publish(record_to("out"), {});
  REQUIRE_FALSE(taken);
  CHECK(taken.error().kind == Refusal::Kind::closed);
  output->close();
  CHECK(calls == 1);
}

TEST_CASE("bad settings do not open an output") {
  KafkaSettings settings;
  settings.brokers = "kafka";
  const auto output = KafkaOutput::open(settings, {});
  REQUIRE_FALSE(output);
  CHECK(output.error().find("brokers: expected host:port") != std::string::npos);
}

TEST_CASE("published ledger lines answer the highest acknowledged seq") {
  MockCluster cluster;
  cluster.create_topic("relance.ledger", 2);
  const auto output = open_output(cluster.settings());
  KafkaPublisher publisher(*output, {});
  const auto published = publisher.publish_lines({line(7), line(8), line(9)}, Clock::now() + 30s);
  CHECK(published.seq == 9);
  CHECK(published.problem == "");
  CHECK(publisher.publish_lines({}, Clock::now()).seq == std::nullopt);
}

TEST_CASE("the ledger's cursor stops before the first line that was not acknowledged") {
  MockCluster cluster;
  cluster.create_topic("relance.ledger", 1);
  const auto output = open_output(cluster.settings());
  KafkaPublisher publisher(*output, {});
  const auto published = publisher.publish_lines({line(1), line(2), line(3, kTooLarge), line(4)}, Clock::now() + 30s);
  CHECK(published.count == 2);
  CHECK(published.seq == 2);
  CHECK_FALSE(published.problem.empty());
  CHECK(output->counters().taken == 2);
}

TEST_CASE("more lines than the queue holds are published with back-pressure") {
  MockCluster cluster;
  cluster.create_topic("relance.ledger", 1);
  OutputLimits limits;
  limits.queued_messages = 10;
  const auto output = open_output(cluster.settings(), limits);
  KafkaPublisher publisher(*output, {});
  std::vector<LedgerLine> lines;
  for (std::uint64_t seq = 1; seq <= 200; ++seq) lines.push_back(line(seq));
  CHECK(publisher.publish_lines(lines, Clock::now() + 60s).seq == 200);
  CHECK(output->counters().refusals > 0);
}

TEST_CASE("the publisher gives up at its deadline and moves no cursor") {
  const auto output = open_output(tests::unreachable_settings(), {10, 1 << 20, 100ms});
  KafkaPublisher publisher(*output, {});
  const auto published = publisher.publish_lines({line(1)}, Clock::now() + 50ms);
  CHECK(published.count == 0);
  CHECK(published.seq == std::nullopt);
  CHECK(published.problem == "no acknowledgement in time");
}

TEST_CASE("lines that were under way at the deadline are not sent a second time") {
  MockCluster cluster;
  cluster.create_topic("relance.ledger", 1);
  const auto output = open_output(cluster.settings());
  KafkaPublisher publisher(*output, {});
  REQUIRE(publisher.publish_lines({line(1)}, Clock::now() + 30s).seq == 1);
  cluster.answer_after(300ms);
  const auto early = publisher.publish_lines({line(2), line(3)}, Clock::now() + 20ms);
  CHECK(early.seq == std::nullopt);
  CHECK(early.problem == "no acknowledgement in time");
  CHECK(publisher.publish_lines({line(2), line(3), line(4)}, Clock::now() + 30s).seq == 4);
  CHECK(output->counters().taken == 4);
}

TEST_CASE("ledger lines outlast the delivery time-out while the broker is away") {
  KafkaSettings settings = tests::unreachable_settings();
  settings.delivery_timeout = rules::Duration{200};
  const auto output = open_output(settings, {10, 1 << 20, 100ms});
  KafkaPublisher publisher(*output, settings.topics);
  CHECK(publisher.publish_lines({line(1)}, Clock::now() + 2500ms).problem == "no acknowledgement in time");
  CHECK(output->counters().failed == 0);
  CHECK(output->queued() == 1);
}

TEST_CASE("a dead letter keeps its bytes, and its headers say why, where from and when") {
  engine::DeadLetter letter;
  letter.reason = "unknown_type: ...";
  letter.input = "kafka:relance.events:3@17";
  letter.bytes = std::string("\x00\xff", 2);
  letter.at = rules::Instant{0};
  const OutputRecord record = connectors::dead_letter_record("relance.dead-letters", letter);
  CHECK(record.topic == "relance.dead-letters");
  CHECK(record.key == "kafka:relance.events:3@17");
  CHECK(record.payload == letter.bytes);
  CHECK(record.headers == std::vector<std::pair<std::string, std::string>>{{"reason", "unknown_type: ..."},
                                                                           {"input", "kafka:relance.events:3@17"},
                                                                           {"at", "1970-01-01T00:00:00.000Z"}});
}

TEST_CASE("an action travels as a CloudEvent under its account, without one under its lead") {
  engine::Action action = call_action();
  OutputRecord record = connectors::action_record("relance.actions", action);
  CHECK(record.key == "acme");
  CHECK(record.payload == engine::to_cloud_event(action));
  CHECK(record.headers.at(0).first == "content-type");
  CHECK(record.headers.at(0).second.starts_with("application/cloudevents+json"));
  action.account.reset();
  record = connectors::action_record("relance.actions", action);
  CHECK(record.key == "L-1");
}

TEST_CASE("an acknowledged action is accepted, its outcome left to a later event") {
  MockCluster cluster;
  cluster.create_topic("relance.actions", 1);
  const auto output = open_output(cluster.settings());
  KafkaActionConnector connector(*output, cluster.settings(), {});
  const AttemptResult result = connector.deliver(call_action(), 1);
  CHECK(result.kind == AttemptResult::Kind::accepted);
  CHECK(result.outcome == "");
  CHECK(result.provider_id == "relance.actions:0@0");
  CHECK(connector.name() == "kafka");
}

TEST_CASE("an action is written again after an unknown outcome only for consumers that take each id once") {
  const auto output = open_output(tests::unreachable_settings());
  CHECK_FALSE(KafkaActionConnector(*output, tests::unreachable_settings(), {}).idempotent());
  CHECK(KafkaActionConnector(*output, tests::unreachable_settings(), {4, true}).idempotent());
}

TEST_CASE("an action that could not be sent is tried again later") {
  KafkaSettings settings = tests::unreachable_settings();
  settings.delivery_timeout = rules::Duration{300};
  const auto output = open_output(settings);
  KafkaActionConnector connector(*output, settings, {});
  const AttemptResult result = connector.deliver(call_action(), 1);
  CHECK(result.kind == AttemptResult::Kind::retry);
  CHECK(result.reason.starts_with("kafka: "));
}

TEST_CASE("an action that was sent and not acknowledged has an unknown outcome") {
  MockCluster cluster;
  cluster.create_topic("relance.actions", 1);
  KafkaSettings settings = cluster.settings();
  settings.delivery_timeout = rules::Duration{3000};
  const auto output = open_output(settings, {10, 1 << 20, 100ms});
  KafkaActionConnector connector(*output, settings, {});
  // The connection has to be up first, however long that takes.
  REQUIRE(eventually([&] { return connector.deliver(call_action(), 1).kind == AttemptResult::Kind::accepted; }));
  cluster.answer_after(60s);
  CHECK(connector.deliver(call_action(), 2).kind == AttemptResult::Kind::outcome_unknown);
}

TEST_CASE("an action that no broker takes for its size is rejected") {
  MockCluster cluster;
  cluster.create_topic("relance.actions", 1);
  const auto output = open_output(cluster.settings());
  KafkaActionConnector connector(*output, cluster.settings(), {});
  engine::Action action = call_action();
  action.script = kTooLarge;
  CHECK(connector.deliver(action, 1).kind == AttemptResult::Kind::rejected);
}

TEST_CASE("a full queue asks the dispatcher to come back") {
  const auto output = open_output(tests::unreachable_settings(), {1, 1 << 20, 100ms});
  REQUIRE(output->publish(record_to("relance.actions"), {}));
  KafkaActionConnector connector(*output, tests::unreachable_settings(), {});
  const AttemptResult result = connector.deliver(call_action(), 1);
  CHECK(result.kind == AttemptResult::Kind::retry);
  CHECK(result.retry_after.has_value());
}
