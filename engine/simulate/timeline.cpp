#include "engine/simulate/timeline.h"

#include <fmt/format.h>

#include <cstdlib>

namespace relance::engine {

std::string local_text(rules::Instant at, const rules::Zone& zone) {
  constexpr std::int64_t kMinute = 60'000;
  const rules::Duration offset = zone.offset(at);
  std::string text = rules::to_string(at + offset);  // 2026-03-02T09:10:00.000Z
  text.pop_back();
  if (text.ends_with(".000")) text.resize(text.size() - 4);
  if (offset.ms == 0) return text + 'Z';
  const std::int64_t minutes = std::abs(offset.ms) / kMinute;
  return text + fmt::format("{}{:02}:{:02}", offset.ms < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

std::string timeline_line(const rules::Record& record, const rules::Zone& zone) {
  std::string text =
      fmt::format("{}  {:<19}  {}", local_text(record.at, zone), to_string(record.type), rules::sentence(record));
  if (!record.until) return text;
  // Sentences name instants in UTC; an author thinks in the lead's time.
  const std::string utc = rules::to_string(*record.until);
  const std::string local = local_text(*record.until, zone);
  const std::size_t found = text.rfind(utc);
  if (found == std::string::npos) return text + fmt::format(" Until {}.", local);
  return text.replace(found, utc.size(), local);
}

}  // namespace relance::engine
