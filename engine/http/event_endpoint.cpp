#include <algorithm>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/http/endpoints.h"
#include "engine/http/problem.h"
#include "engine/intake/event_reader.h"
#include "rules/ascii.h"

namespace relance::engine {

namespace {

enum class Mode { unsupported, structured, batch, binary };

struct RejectedElement {
  std::size_t index = 0;
  std::string reason;
};

/// What a request carries, sorted.
struct Intake {
  std::vector<Arrival> arrivals;
  std::size_t accepted = 0;
  std::vector<RejectedElement> rejected;
};

Mode mode_of(const httplib::Request& request, std::string_view body) {
  std::string type = rules::lowered(request.get_header_value("Content-Type"));
  type = type.substr(0, type.find(';'));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  if (type == "application/cloudevents+json") return Mode::structured;
  if (type == "application/cloudevents-batch+json") return Mode::batch;
  const bool binary = request.has_header("ce-specversion");
  if (binary && (type == "application/json" || (type.empty() && body.empty()))) return Mode::binary;
  if (type != "application/json") return Mode::unsupported;
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && body[first] == '[' ? Mode::batch : Mode::structured;
}

/// The ce- headers as attributes. httplib has already undone the percent-encoding of their values.
std::vector<std::pair<std::string, std::string>> attributes_of(const httplib::Request& request) {
  std::vector<std::pair<std::string, std::string>> attributes;
  for (const auto& [name, value] : request.headers) {
    const std::string lower = rules::lowered(name);
    if (lower.starts_with("ce-")) attributes.emplace_back(lower.substr(3), value);
    if (lower == "content-type") attributes.emplace_back("datacontenttype", value);
  }
  return attributes;
}

/// What binary mode said, as one text that an operator can read and send again: the headers, a blank line, the data.
std::string binary_bytes(const std::vector<std::pair<std::string, std::string>>& attributes, std::string_view data) {
  std::string out;
  for (const auto& [name, value] : attributes) {
    out.append(name == "datacontenttype" ? "content-type" : "ce-" + name).append(": ").append(value).append("\n");
  }
  return out.append("\n").append(data);
}

DeadLetter dead_letter(const Unusable& problem, std::string_view bytes, rules::Instant now) {
  DeadLetter letter{reason_of(problem), "http", std::string(bytes.substr(0, kMaxEventBytes)), now};
  if (bytes.size() > kMaxEventBytes) {
    letter.reason +=
        " (cut to its first " + std::to_string(kMaxEventBytes) + " of " + std::to_string(bytes.size()) + " octets)";
  }
  return letter;
}

EventReader& reader_of_this_thread() {
  static thread_local EventReader reader;
  return reader;
}

/// Hands everything over; false when that failed and the response says how.
bool submit(const EndpointContext& context, std::vector<Arrival> arrivals, httplib::Response& response) {
  if (arrivals.empty()) return true;
  const SubmitResult result = context.service.submit(std::move(arrivals));
  const auto retry_after = [&] {
    const auto configured = static_cast<int>((context.settings.retry_after.ms + 999) / 1000);
    response.set_header("Retry-After", std::to_string(std::max({1, configured, result.retry_after_seconds})));
  };
  switch (result.kind) {
    case SubmitResult::Kind::durable:
      return true;
    case SubmitResult::Kind::full:
      retry_after();
      answer(response, {429, "full", "The engine is at its bound and took nothing. Send the same events again later."});
      return false;
    case SubmitResult::Kind::closing:
      retry_after();
      answer(response, {503, "closing", "The engine is shutting down and took nothing. Send the same events again."});
      return false;
    case SubmitResult::Kind::failed:
      break;
  }
  answer(response, {500, "store_failed",
                    "The events may or may not be stored. Send them again with the same ids: they count once."});
  return false;
}

void answer_accepted(const Intake& intake, httplib::Response& response) {
  nlohmann::ordered_json body{{"accepted", intake.accepted}};
  body["dead_letters"] = nlohmann::ordered_json::array();
  for (const RejectedElement& element : intake.rejected) {
    body["dead_letters"].push_back({{"index", element.index}, {"reason", element.reason}});
  }
  response.status = 202;
  response.set_content(body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace), "application/json");
}

/// Nothing in the request can be used: kept as one dead letter, and the sender hears why.
void reject_whole(const EndpointContext& context, const Unusable& problem, std::string_view bytes,
                  httplib::Response& response) {
  std::vector<Arrival> arrivals;
  arrivals.emplace_back(dead_letter(problem, bytes, context.service.now()));
  if (submit(context, std::move(arrivals), response)) answer(response, {400, problem.code, problem.message});
}

void post_one(const EndpointContext& context, tl::expected<rules::Event, Unusable> event, std::string_view bytes,
              httplib::Response& response) {
  if (!event) return reject_whole(context, event.error(), bytes, response);
  Intake intake;
  intake.accepted = 1;
  intake.arrivals.emplace_back(*std::move(event));
  if (submit(context, std::move(intake.arrivals), response)) answer_accepted(intake, response);
}

void post_batch(const EndpointContext& context, std::string_view body, httplib::Response& response) {
  const rules::Instant now = context.service.now();
  auto elements = reader_of_this_thread().read_batch(body, context.service.arrival_clock());
  if (!elements) {
    if (elements.error().code == "too_many_events") {
      return answer(response, {413, elements.error().code, elements.error().message});
    }
    return reject_whole(context, elements.error(), body, response);
  }
  Intake intake;
  intake.arrivals.reserve(elements->size());
  for (std::size_t i = 0; i < elements->size(); ++i) {
    EventReader::Element& element = (*elements)[i];
    if (element.result) {
      ++intake.accepted;
      intake.arrivals.emplace_back(*std::move(element.result));
    } else {
      intake.rejected.push_back({i, reason_of(element.result.error())});
      intake.arrivals.emplace_back(dead_letter(element.result.error(), element.bytes, now));
    }
  }
  if (submit(context, std::move(intake.arrivals), response)) answer_accepted(intake, response);
}

}  // namespace

void post_events(const EndpointContext& context, const httplib::Request& request, std::string_view body,
                 httplib::Response& response) {
  switch (mode_of(request, body)) {
    case Mode::structured:
      return post_one(context, reader_of_this_thread().read(body, context.service.arrival_clock()), body, response);
    case Mode::batch:
      return post_batch(context, body, response);
    case Mode::binary: {
      const auto attributes = attributes_of(request);
      auto event = reader_of_this_thread().read_binary(attributes, body, context.service.arrival_clock());
      return post_one(context, std::move(event), binary_bytes(attributes, body), response);
    }
    case Mode::unsupported:
      break;
  }
  answer(response, {415, "unsupported_media_type",
                    "Expected application/cloudevents+json, application/cloudevents-batch+json or application/json."});
}

}  // namespace relance::engine
