// The shipped public holidays: years that show each rule. On 2026-11-22 all of 2020 to 2045 was compared with the
// Python package `holidays` 0.60 (FR, DE, GB-ENG, US): the same 1079 days.

#include "rules/public_holidays.h"

#include <doctest/doctest.h>

#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace relance::rules {
namespace {

/// "01-01 04-06 ...": the holidays of the year.
std::string of_year(std::string_view country, int year) {
  std::vector<std::string> days;
  const std::string prefix = fmt::format("{}-", year);
  for (const LocalDate date : public_holidays(country)) {
    const std::string text = to_string(date);
    if (text.starts_with(prefix)) days.push_back(text.substr(prefix.size()));
  }
  return fmt::format("{}", fmt::join(days, " "));
}

TEST_CASE("France has eleven public holidays") {
  CHECK(of_year("FR", 2025) == "01-01 04-21 05-01 05-08 05-29 06-09 07-14 08-15 11-01 11-11 12-25");
  CHECK(of_year("FR", 2026) == "01-01 04-06 05-01 05-08 05-14 05-25 07-14 08-15 11-01 11-11 12-25");
  CHECK(of_year("FR", 2027) == "01-01 03-29 05-01 05-06 05-08 05-17 07-14 08-15 11-01 11-11 12-25");
}

TEST_CASE("Germany has nine in every state") {
  CHECK(of_year("DE", 2025) == "01-01 04-18 04-21 05-01 05-29 06-09 10-03 12-25 12-26");
  CHECK(of_year("DE", 2026) == "01-01 04-03 04-06 05-01 05-14 05-25 10-03 12-25 12-26");
}

TEST_CASE("England and Wales move what falls on a weekend, and what is proclaimed") {
  CHECK(of_year("GB", 2020) == "01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-26 12-28");
  CHECK(of_year("GB", 2021) == "01-01 04-02 04-05 05-03 05-31 08-30 12-25 12-26 12-27 12-28");
  CHECK(of_year("GB", 2022) == "01-01 01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-25 12-26 12-27");
  CHECK(of_year("GB", 2023) == "01-01 01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26");
  CHECK(of_year("GB", 2026) == "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-26 12-28");
  CHECK(of_year("GB", 2027) == "01-01 03-26 03-29 05-03 05-31 08-30 12-25 12-26 12-27 12-28");
}

TEST_CASE("the United States observe on Friday or Monday what falls on a weekend") {
  CHECK(of_year("US", 2020) == "01-01 01-20 02-17 05-25 07-03 07-04 09-07 10-12 11-11 11-26 12-25");
  CHECK(of_year("US", 2021) ==
        "01-01 01-18 02-15 05-31 06-18 06-19 07-04 07-05 09-06 10-11 11-11 11-25 12-24 12-25 12-31");
  CHECK(of_year("US", 2026) == "01-01 01-19 02-16 05-25 06-19 07-03 07-04 09-07 10-12 11-11 11-26 12-25");
}

TEST_CASE("Easter is where the almanacs have it, and unknown countries have no holidays") {
  // Good Friday of years with early and late Easters .
  CHECK(of_year("DE", 2038).find("04-23 04-26") != std::string::npos);
  CHECK(of_year("DE", 2035).find("03-23 03-26") != std::string::npos);
  CHECK(of_year("DE", 2024).find("03-29 04-01") != std::string::npos);
  CHECK(public_holidays("XX").empty());
  for (const std::string_view country : countries_with_holidays()) CHECK(public_holidays(country).size() > 200);
}

}  // namespace
}  // namespace relance::rules
