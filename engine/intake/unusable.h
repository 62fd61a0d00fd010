#pragma once
// Why bytes are no usable event.

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace relance::engine {

/// `code` is stable and the first word of a dead letter's reason:
///   not_json, invalid_utf8, invalid_number, too_deep, too_many_values, duplicate_key, too_large: the bytes;
///   not_cloudevent, unknown_type, missing_subject: the envelope;
///   missing_time, invalid_time, time_too_old, time_ahead: when it happened;
///   invalid_data: the data does not fit its type;
///   too_many_events: of a batch as a whole.
struct Unusable {
  std::string code;
  std::string message;  // one sentence, without personal data: what was expected, what was got
};

inline tl::unexpected<Unusable> unusable(std::string code, std::string message) {
  return tl::unexpected<Unusable>(Unusable{std::move(code), std::move(message)});
}

/// The reason of a dead letter: "unknown_type: ...".
inline std::string reason_of(const Unusable& problem) { return problem.code + ": " + problem.message; }

}  // namespace relance::engine
