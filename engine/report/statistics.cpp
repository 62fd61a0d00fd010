#include "engine/report/statistics.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace relance::engine {

namespace {

/// The standard normal's 0.975 quantile.
constexpr double kZ = 1.959963984540054;
constexpr double kLeastExpected = 5;

double square(double x) { return x * x; }

/// P(|Z| >= |z|) of a standard normal.
double two_sided(double z) { return std::erfc(std::abs(z) / std::numbers::sqrt2); }

double p_value(const Proportion& one, const Proportion& other) {
  const auto trials = static_cast<double>(one.trials + other.trials);
  const double pooled = static_cast<double>(one.hits + other.hits) / trials;
  const double variance =
      pooled * (1 - pooled) * (1 / static_cast<double>(one.trials) + 1 / static_cast<double>(other.trials));
  return variance > 0 ? two_sided((one.value() - other.value()) / std::sqrt(variance)) : 1;
}

}  // namespace

double chi_square_tail(double x, std::size_t degrees_of_freedom) {
  if (!(x > 0)) return 1;
  // Every other term of one series; all are positive, so nothing cancels.
  const bool is_odd = degrees_of_freedom % 2 == 1;
  double tail = is_odd ? std::erfc(std::sqrt(x / 2)) : std::exp(-x / 2);
  double term = is_odd ? std::sqrt(2 * x / std::numbers::pi) * std::exp(-x / 2) : tail * x / 2;
  for (std::size_t freedom = is_odd ? 3 : 4; freedom <= degrees_of_freedom; freedom += 2) {
    tail += term;
    term *= x / static_cast<double>(freedom);
  }
  return std::min(tail, 1.0);
}

std::optional<GoodnessOfFit> goodness_of_fit(const std::vector<Share>& shares) {
  if (shares.size() < 2) return std::nullopt;
  double observed = 0;
  double weights = 0;
  for (const Share& share : shares) {
    observed += static_cast<double>(share.observed);
    weights += static_cast<double>(share.weight);
  }
  GoodnessOfFit fit;
  fit.degrees_of_freedom = shares.size() - 1;
  for (const Share& share : shares) {
    const double expected = observed * static_cast<double>(share.weight) / weights;
    if (expected < kLeastExpected) return std::nullopt;
    fit.chi_square += square(static_cast<double>(share.observed) - expected) / expected;
  }
  fit.p_value = chi_square_tail(fit.chi_square, fit.degrees_of_freedom);
  return fit;
}

Interval wilson_interval(const Proportion& proportion) {
  const auto n = static_cast<double>(proportion.trials);
  const double p = proportion.value();
  const double scale = 1 + square(kZ) / n;
  const double centre = (p + square(kZ) / (2 * n)) / scale;
  const double half = kZ / scale * std::sqrt(p * (1 - p) / n + square(kZ) / (4 * square(n)));
  // The ends are exact there; rounding must not say -1e-18.
  return {proportion.hits == 0 ? 0 : std::max(0.0, centre - half),
          proportion.hits == proportion.trials ? 1 : std::min(1.0, centre + half)};
}

Difference difference(const Proportion& one, const Proportion& other) {
  const Interval a = wilson_interval(one);
  const Interval b = wilson_interval(other);
  const double p = one.value();
  const double q = other.value();
  return {p - q,
          {p - q - std::hypot(p - a.low, b.high - q), p - q + std::hypot(a.high - p, q - b.low)},
          p_value(one, other)};
}

}  // namespace relance::engine
