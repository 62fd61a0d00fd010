#include "rules/zone.h"

#include <date/tz.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

namespace relance::rules {
namespace {

/// Instants beyond this are read as this one, so that a LocalDate holds every local date and no sum overflows.
constexpr std::int64_t kLastMs = 2'000'000'000 * kMsPerDay;
/// No zone has ever been further from UTC.
constexpr std::int64_t kMaxOffsetMs = 26 * kMsPerHour;
/// A database of rules instead of files would go on for ever.
constexpr int kLastRuledYear = 2100;

constexpr std::size_t kMaxNameLength = 64;
constexpr std::size_t kMaxUnknownNames = 1000;

/// From `begin` to the next range's begin the zone is `offset` ahead of UTC; all in milliseconds.
struct Range {
  std::int64_t begin;
  std::int64_t end;
  std::int64_t offset;
};

std::int64_t to_ms(date::sys_seconds time) { return time.time_since_epoch().count() * 1000LL; }

/// All ranges of the database's zone, in order and without holes, from the beginning to the end of time.
std::vector<Range> read_ranges(const date::time_zone& zone) {
  const date::sys_seconds last = date::sys_days{date::year{kLastRuledYear} / 12 / 31};
  std::vector<Range> ranges;
  date::sys_seconds at = date::sys_days{date::year::min() / 1 / 1};
  while (at <= last) {
    const date::sys_info info = zone.get_info(at);
    const std::int64_t offset = std::chrono::milliseconds{info.offset}.count();
    // A change of name or of the daylight-saving flag alone is no clock change.
    if (ranges.empty() || ranges.back().offset != offset) ranges.push_back({to_ms(at), 0, offset});
    if (info.end <= at) break;
    at = info.end;
  }
  for (std::size_t i = 0; i + 1 < ranges.size(); ++i) ranges[i].end = ranges[i + 1].begin;
  ranges.front().begin = Instant::earliest().ms;
  ranges.back().end = Instant::never().ms;
  return ranges;
}

bool is_plausible_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameLength || name.front() == '/') return false;
  if (name.find("..") != std::string_view::npos) return false;
  // A file of the machine's own setting among the zones, not a zone.
  if (name == "localtime") return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '+' ||
           c == '-' || c == '/';
  });
}

void append_padded(std::string& out, unsigned value, std::size_t width) {
  std::array<char, 12> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  const auto length = static_cast<std::size_t>(end - buffer.data());
  if (length < width) out.append(width - length, '0');
  out.append(buffer.data(), length);
}

int two_digits(std::string_view text, std::size_t pos) {
  const char tens = text[pos];
  const char ones = text[pos + 1];
  if (tens < '0' || tens > '9' || ones < '0' || ones > '9') return -1;
  return (tens - '0') * 10 + (ones - '0');
}

}  // namespace

std::optional<LocalDate> parse_date(std::string_view iso) {
  if (iso.size() != 10 || iso[4] != '-' || iso[7] != '-') return std::nullopt;
  const int century = two_digits(iso, 0);
  const int year = two_digits(iso, 2);
  const int month = two_digits(iso, 5);
  const int day = two_digits(iso, 8);
  if (century < 0 || year < 0 || month < 0 || day < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{century * 100 + year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return LocalDate{static_cast<std::int32_t>(std::chrono::sys_days{date}.time_since_epoch().count())};
}

std::string to_string(LocalDate date) {
  static constexpr LocalDate kYear0{-719'528};
  static constexpr LocalDate kYear10000{2'932'897};
  std::string out;
  if (date < kYear0 || date >= kYear10000) return std::to_string(date.days);
  const std::chrono::year_month_day civil{std::chrono::sys_days{std::chrono::days{date.days}}};
  append_padded(out, static_cast<unsigned>(static_cast<int>(civil.year())), 4);
  out += '-';
  append_padded(out, static_cast<unsigned>(civil.month()), 2);
  out += '-';
  append_padded(out, static_cast<unsigned>(civil.day()), 2);
  return out;
}

std::optional<LocalTime> parse_time_of_day(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const int hour = two_digits(text, 0);
  const int minute = two_digits(text, 3);
  if (hour < 0 || minute < 0 || minute > 59 || hour > 24 || (hour == 24 && minute > 0)) return std::nullopt;
  return LocalTime{static_cast<std::int32_t>((hour * 60 + minute) * kMsPerMinute)};
}

std::string to_string(LocalTime time) {
  const auto minutes = static_cast<unsigned>(time.ms / kMsPerMinute);
  std::string out;
  append_padded(out, minutes / 60, 2);
  out += ':';
  append_padded(out, minutes % 60, 2);
  return out;
}

/// One zone's clock changes. Immutable after construction.
struct Zone::Rules {
  Rules(std::string zone_name, std::vector<Range> zone_ranges)
      : name(std::move(zone_name)), ranges(std::move(zone_ranges)) {
    std::size_t index = 0;
    for (std::size_t bucket = 0; bucket < first_of_bucket.size(); ++bucket) {
      const auto begin = static_cast<std::int64_t>(bucket) << kBucketBits;
      while (ranges[index].end <= begin) ++index;
      first_of_bucket[bucket] = static_cast<std::uint32_t>(index);
    }
  }

  std::size_t index_at(std::int64_t ms) const {
    // Time since 1970 is cut into buckets of half a year, so that a lookup starts at most a few ranges away.
    const auto bucket = static_cast<std::uint64_t>(ms) >> kBucketBits;
    if (bucket < first_of_bucket.size()) {
      std::size_t index = first_of_bucket[bucket];
      while (ranges[index].end <= ms) ++index;
      return index;
    }
    const auto after = std::upper_bound(ranges.begin(), ranges.end(), ms,
                                        [](std::int64_t at, const Range& range) { return at < range.begin; });
    return static_cast<std::size_t>(after - ranges.begin()) - 1;
  }

  const Range& at(std::int64_t ms) const { return ranges[index_at(ms)]; }

  static constexpr int kBucketBits = 34;  // 2^34 ms are 199 days
  std::string name;
  std::vector<Range> ranges;
  std::array<std::uint32_t, 240> first_of_bucket{};  // 1970 to 2100
};

namespace {

struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
};

}  // namespace

Zone::Zone() {
  static const Rules utc("UTC", {{Instant::earliest().ms, Instant::never().ms, 0}});
  rules_ = &utc;
}

std::optional<Zone> Zone::find(std::string_view name) {
  // Does not need the database, and equals Zone().
  if (name == "UTC") return Zone();
  if (!is_plausible_name(name)) return std::nullopt;

  struct Table {
    std::shared_mutex mutex;
    std::unordered_map<std::string, std::unique_ptr<const Rules>, NameHash, std::equal_to<>> by_name;  // null: unknown
    std::size_t unknown = 0;
  };
  // Never destroyed: handles stay valid during the process's exit.
  static Table& table = *new Table;
  {
    const std::shared_lock lock(table.mutex);
    const auto found = table.by_name.find(name);
    if (found != table.by_name.end()) {
      if (found->second == nullptr) return std::nullopt;
      return Zone(found->second.get());
    }
  }

  std::unique_ptr<const Rules> rules;
  try {
    rules = std::make_unique<const Rules>(std::string(name), read_ranges(*date::locate_zone(name)));
  } catch (const std::exception&) {
    // The library throws for an unknown name and for a file it cannot read.
  }
  const std::unique_lock lock(table.mutex);
  if (rules == nullptr) {
    // Names come with lead data: unknown ones must not fill the memory.
    if (table.unknown < kMaxUnknownNames && table.by_name.try_emplace(std::string(name)).second) ++table.unknown;
    return std::nullopt;
  }
  return Zone(table.by_name.try_emplace(std::string(name), std::move(rules)).first->second.get());
}

const std::string& Zone::name() const { return rules_->name; }

LocalDateTime Zone::local(Instant instant) const {
  const std::int64_t utc = std::clamp(instant.ms, -kLastMs, kLastMs);
  const std::int64_t local = utc + rules_->at(utc).offset;
  std::int64_t days = local / kMsPerDay;
  std::int64_t of_day = local % kMsPerDay;
  if (of_day < 0) {
    --days;
    of_day += kMsPerDay;
  }
  return {LocalDate{static_cast<std::int32_t>(days)}, LocalTime{static_cast<std::int32_t>(of_day)}};
}

Instant Zone::resolve(LocalDateTime local) const {
  const std::int64_t wanted = local.date.days * kMsPerDay + local.time.ms;
  // The first range whose local time ends after the wanted one. It either holds the wanted time (for the first time, in
  // an overlap) or begins after the gap that swallowed it.
  std::size_t index = rules_->index_at(wanted - kMaxOffsetMs);
  while (index + 1 < rules_->ranges.size() && wanted - rules_->ranges[index].offset >= rules_->ranges[index].end) {
    ++index;
  }
  const Range& range = rules_->ranges[index];
  return Instant{std::max(range.begin, wanted - range.offset)};
}

Duration Zone::offset(Instant instant) const { return Duration{rules_->at(instant.ms).offset}; }

}  // namespace relance::rules
