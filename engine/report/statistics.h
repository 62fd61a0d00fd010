#pragma once
// What the report says about proportions. Pure functions of counts; any thread. Intervals are two-sided, at 95 %.
//
// Sources
// - Goodness of fit: K. Pearson, On the criterion that a given system of deviations ..., Philosophical Magazine 50
//   (1900). Its use to find a sample ratio mismatch, and the limit p < 0.001: A. Fabijan et al., Diagnosing Sample
//   Ratio Mismatch in Online Controlled Experiments, KDD 2019; R. Kohavi, D. Tang, Y. Xu, Trustworthy Online Controlled
//   Experiments, Cambridge 2020, chapter 21.
// - Tail of chi-square as a finite sum: M. Abramowitz, I. Stegun, Handbook of Mathematical Functions, 26.4.4, 26.4.5.
// - Least expected count of 5: W. G. Cochran, Some methods for strengthening the common chi-square tests, Biometrics 10
//   (1954).
// - Interval of a proportion: E. B. Wilson, Probable inference, the law of succession, and statistical inference,
//   Journal of the American Statistical Association 22 (1927); the score interval.
// - Interval of a difference: R. G. Newcombe, Interval estimation for the difference between independent proportions:
//   comparison of eleven methods, Statistics in Medicine 17 (1998), method 10.
// - Test of a difference: the pooled two-proportion z test, two-sided, without continuity correction.

#include <cstdint>
#include <optional>
#include <vector>

namespace relance::engine {

/// `hits` of `trials`, which is not 0 and not less than `hits`.
struct Proportion {
  std::uint64_t hits = 0;
  std::uint64_t trials = 0;
  double value() const { return static_cast<double>(hits) / static_cast<double>(trials); }
};

struct Interval {
  double low = 0;
  double high = 0;
};

/// P(X >= x) of a chi-square distribution; 1 for x <= 0. `degrees_of_freedom` is at least 1.
double chi_square_tail(double x, std::size_t degrees_of_freedom);

struct GoodnessOfFit {
  double chi_square = 0;
  std::size_t degrees_of_freedom = 0;
  double p_value = 1;
};
struct Share {
  std::uint64_t observed = 0;
  std::uint64_t weight = 1;  // not 0
};
/// Do the counts follow the weights? nullopt where the test cannot say: fewer than two shares, or less than 5 expected
/// in one of them.
std::optional<GoodnessOfFit> goodness_of_fit(const std::vector<Share>& shares);

Interval wilson_interval(const Proportion& proportion);

struct Difference {
  double value = 0;  // one minus other
  Interval interval;
  double p_value = 1;
};
/// The arguments are not interchangeable: `one - other`.
Difference difference(const Proportion& one, const Proportion& other);

}  // namespace relance::engine
