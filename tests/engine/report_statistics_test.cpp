// engine/report/statistics.h against figures that were computed or published apart.

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/report/statistics.h"

namespace relance::tests {
namespace {

using engine::Proportion;

bool close(double a, double b, double tolerance = 5e-7) { return std::abs(a - b) <= tolerance; }

struct Quantile {
  std::size_t freedom;
  double x;
  double tail;
};

TEST_CASE("the tail of chi-square is that of the printed tables") {
  // Abramowitz and Stegun, table 26.8.
  for (const Quantile& q :
       {Quantile{1, 3.84146, 0.05}, Quantile{1, 10.828, 0.001}, Quantile{2, 5.99147, 0.05}, Quantile{2, 13.816, 0.001},
        Quantile{3, 7.81473, 0.05}, Quantile{3, 16.266, 0.001}, Quantile{4, 9.48773, 0.05}, Quantile{5, 11.0705, 0.05},
        Quantile{6, 22.458, 0.001}, Quantile{10, 18.3070, 0.05}, Quantile{15, 24.9958, 0.05}}) {
    CAPTURE(q.freedom);
    CHECK(close(engine::chi_square_tail(q.x, q.freedom) / q.tail, 1, 5e-4));
  }
  CHECK(engine::chi_square_tail(0, 1) == 1);
  CHECK(engine::chi_square_tail(1e6, 3) == 0);
}

TEST_CASE("a sample ratio is judged by Pearson's chi-square against the weights") {
  // The example of Kohavi, Tang and Xu, chapter 3: 821,588 and 815,482 of an even split; p = 1.8E-6.
  const auto known = engine::goodness_of_fit({{821'588, 1}, {815'482, 1}});
  REQUIRE(known);
  CHECK(known->degrees_of_freedom == 1);
  CHECK(close(known->chi_square, 22.77436884, 1e-7));
  CHECK(close(known->p_value, 1.8217929e-06, 1e-12));
  // By hand: 480, 330, 190 of 500, 300, 200 is 0.8 + 3 + 0.5; with two degrees of freedom p is exp(-4.3 / 2).
  const auto three = engine::goodness_of_fit({{480, 5}, {330, 3}, {190, 2}});
  REQUIRE(three);
  CHECK(three->degrees_of_freedom == 2);
  CHECK(close(three->chi_square, 4.3));
  CHECK(close(three->p_value, 0.1164841578));
}

TEST_CASE("shares of which too little is expected are not judged") {
  CHECK_FALSE(engine::goodness_of_fit({}));
  CHECK_FALSE(engine::goodness_of_fit({{100, 1}}));
  CHECK_FALSE(engine::goodness_of_fit({{8, 1}, {1, 1}}));
  CHECK(engine::goodness_of_fit({{9, 1}, {1, 1}}));
  CHECK_FALSE(engine::goodness_of_fit({{480, 99}, {0, 1}}));
}

struct Wilson {
  Proportion proportion;
  double low;
  double high;
};

TEST_CASE("the interval of a rate is Wilson's") {
  // Newcombe 1998, Statistics in Medicine 17, 857-872, table I (method 3), with two more digits computed as the roots
  // of the quadratic.
  for (const Wilson& known :
       {Wilson{{81, 263}, 0.255289, 0.366210}, Wilson{{15, 148}, 0.062386, 0.160487}, Wilson{{0, 20}, 0, 0.161125},
        Wilson{{1, 29}, 0.006113, 0.171755}, Wilson{{200, 200}, 0.981155, 1}}) {
    CAPTURE(known.proportion.hits);
    const engine::Interval interval = engine::wilson_interval(known.proportion);
    CHECK(close(interval.low, known.low));
    CHECK(close(interval.high, known.high));
  }
}

struct Compared {
  Proportion one;
  Proportion other;
  double low;
  double high;
  double p;
};

TEST_CASE("the interval of a difference is Newcombe's, and its p-value that of the pooled test") {
  // Newcombe 1998, Statistics in Medicine 17, 873-890, table II (method 10), with more digits computed apart; p by
  // numeric integration of the chi-square density at z squared.
  for (const Compared& known : {Compared{{56, 70}, {48, 80}, 0.052431, 0.333873, 0.0080450814},
                                {{9, 10}, {3, 10}, 0.170523, 0.809018, 0.0061698993},
                                {{6, 7}, {2, 7}, 0.058228, 0.806250, 0.0307535613},
                                {{5, 56}, {0, 29}, -0.038137, 0.192560, 0.0971865682},
                                {{0, 10}, {0, 20}, -0.161125, 0.277533, 1},
                                {{10, 10}, {0, 20}, 0.679086, 1, 4.320463e-08}}) {
    CAPTURE(known.one.hits);
    const engine::Difference found = engine::difference(known.one, known.other);
    CHECK(close(found.value, known.one.value() - known.other.value()));
    CHECK(close(found.interval.low, known.low));
    CHECK(close(found.interval.high, known.high));
    CHECK(close(found.p_value, known.p, 1e-9));
  }
}

TEST_CASE("intervals hold the rate, and turning the arms around turns the difference around") {
  const auto proportion =
      rc::gen::map(rc::gen::pair(rc::gen::inRange<std::uint64_t>(1, 5000), rc::gen::inRange<std::uint64_t>(0, 5001)),
                   [](const std::pair<std::uint64_t, std::uint64_t>& pair) {
                     return std::pair<std::uint64_t, std::uint64_t>{std::min(pair.first, pair.second), pair.first};
                   });
  CHECK(rc::check([&] {
    const auto [a_hits, a_trials] = *proportion;
    const auto [b_hits, b_trials] = *proportion;
    const Proportion a{a_hits, a_trials};
    const Proportion b{b_hits, b_trials};
    const engine::Interval interval = engine::wilson_interval(a);
    RC_ASSERT(0 <= interval.low && interval.low <= a.value() && a.value() <= interval.high && interval.high <= 1);
    const engine::Difference forth = engine::difference(a, b);
    const engine::Difference back = engine::difference(b, a);
    RC_ASSERT(close(forth.value, -back.value, 1e-12));
    RC_ASSERT(close(forth.interval.low, -back.interval.high, 1e-12));
    RC_ASSERT(close(forth.p_value, back.p_value, 1e-12));
    RC_ASSERT(forth.interval.low <= forth.value && forth.value <= forth.interval.high);
    RC_ASSERT(forth.p_value >= 0 && forth.p_value <= 1);
  }));
}

}  // namespace
}  // namespace relance::tests
