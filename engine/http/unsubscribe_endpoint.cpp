#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/http/endpoints.h"
#include "engine/http/pages.h"
#include "rules/sha256.h"

namespace relance::engine {

namespace {

namespace cel = rules::cel;

constexpr std::size_t kMaxLinkTokenBytes = 1024;
constexpr std::chrono::milliseconds kBetweenTries{100};

std::optional<UnsubscribeTarget> open(const EndpointContext& context, std::string_view token) {
  if (token.empty() || token.size() > kMaxLinkTokenBytes || !context.settings.open_unsubscribe_token)
    return std::nullopt;
  return context.settings.open_unsubscribe_token(token);
}

struct Answer {
  int status = 200;
  PageKind kind = PageKind::form;
  rules::ChannelScope scope;
};

void answer_page(const EndpointContext& context, const Answer& what, const httplib::Request& request,
                 httplib::Response& response) {
  const Language language =
      preferred_language(request.get_header_value("Accept-Language"), page_language(context.settings.default_language));
  response.status = what.status;
  response.set_header("Content-Language", std::string(tag(language)));
  response.set_header("Vary", "Accept-Language");
  response.set_header("Content-Security-Policy", page_security_policy());
  response.set_header("X-Robots-Tag", "noindex");
  response.set_content(page(what.kind, language, what.scope), "text/html; charset=utf-8");
}

/// The opt-out that a link stands for. Its id is derived from the token: the button pressed twice, or a mailbox
/// provider that repeats its POST, is one event. Nothing lifts an opt-out yet; what will must also change the id, or an
/// old link pressed again after a new consent would be taken for a duplicate.
rules::Event optout_event(const UnsubscribeTarget& target, std::string_view token, rules::Instant now) {
  const std::string digest = rules::to_hex(rules::sha256(token));
  rules::Event event;
  event.id = "link-" + digest.substr(0, 32);
  event.source = "relance/unsubscribe";
  event.type = rules::EventType::optout_received;
  event.lead = target.lead;
  event.partition_key = target.partition_key;
  event.time = now;
  cel::Map data;
  data.emplace_back("channel", to_string(target.scope));
  data.emplace_back("intake", "link");
  data.emplace_back("received_at", rules::to_string(now));
  data.emplace_back("evidence", "sha256:" + digest);
  event.data = cel::Value(std::move(data));
  return event;
}

/// Tries again for a while when the engine is full: whoever pressed the button will hardly come back.
SubmitResult submit_patiently(const EndpointContext& context, const rules::Event& event) {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(context.settings.unsubscribe_patience.ms);
  while (true) {
    std::vector<Arrival> arrivals;
    arrivals.emplace_back(event);
    const SubmitResult result = context.service.submit(std::move(arrivals));
    if (result.kind != SubmitResult::Kind::full || std::chrono::steady_clock::now() >= deadline) return result;
    std::this_thread::sleep_for(kBetweenTries);
  }
}

}  // namespace

void show_unsubscribe(const EndpointContext& context, const httplib::Request& request, std::string_view token,
                      httplib::Response& response) {
  const auto target = open(context, token);
  if (!target) return answer_page(context, {404, PageKind::not_valid, {}}, request, response);
  answer_page(context, {200, PageKind::form, target->scope}, request, response);
}

void unsubscribe(const EndpointContext& context, const httplib::Request& request, std::string_view token,
                 httplib::Response& response) {
  const auto target = open(context, token);
  if (!target) return answer_page(context, {404, PageKind::not_valid, {}}, request, response);
  const SubmitResult result = submit_patiently(context, optout_event(*target, token, context.service.now()));
  if (result.kind == SubmitResult::Kind::durable) {
    return answer_page(context, {200, PageKind::done, target->scope}, request, response);
  }
  response.set_header("Retry-After", std::to_string(std::max(1, result.retry_after_seconds)));
  answer_page(context, {result.kind == SubmitResult::Kind::failed ? 500 : 503, PageKind::try_again, {}}, request,
              response);
}

}  // namespace relance::engine
