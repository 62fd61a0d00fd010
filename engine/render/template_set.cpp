#include "engine/render/template_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include <simdjson.h>

#include "rules/ascii.h"

namespace relance::engine {
namespace {

namespace cel = rules::cel;
namespace fs = std::filesystem;

constexpr std::string_view kSubject = "Subject:";

bool is_word(std::string_view text, std::string_view extra) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || extra.find(c) != std::string_view::npos;
  });
}

/// `en`, `pt-BR`, `zh-Hant-TW`: letters first, then subtags of letters and digits (RFC 5646).
bool is_language_tag(std::string_view text) {
  constexpr std::size_t kLongestSubtag = 8;
  const std::string tag = rules::lowered(text);
  std::string_view rest = tag;
  for (bool primary = true; !rest.empty(); primary = false) {
    const std::string_view subtag = rest.substr(0, rest.find('-'));
    if (!is_word(subtag, "") || subtag.size() > kLongestSubtag) return false;
    if (primary && (subtag.size() < 2 || subtag.size() > 3 ||
                    !std::all_of(subtag.begin(), subtag.end(), [](char c) { return c > '9'; }))) {
      return false;
    }
    if (subtag.size() == rest.size()) return true;
    rest.remove_prefix(subtag.size() + 1);
  }
  return false;
}

/// Countries with one main language of business; elsewhere (Belgium, Switzerland, Canada, ...) a lead says its own.
std::string_view language_of_country(std::string_view country) {
  struct Entry {
    std::string_view country;
    std::string_view language;
  };
  constexpr Entry kEntries[] = {
      {"AR", "es"}, {"AT", "de"}, {"AU", "en"}, {"BR", "pt"}, {"CL", "es"}, {"CO", "es"}, {"CZ", "cs"}, {"DE", "de"},
      {"DK", "da"}, {"ES", "es"}, {"FI", "fi"}, {"FR", "fr"}, {"GB", "en"}, {"GR", "el"}, {"HU", "hu"}, {"IE", "en"},
      {"IT", "it"}, {"JP", "ja"}, {"KR", "ko"}, {"MC", "fr"}, {"MX", "es"}, {"NL", "nl"}, {"NO", "nb"}, {"NZ", "en"},
      {"PE", "es"}, {"PL", "pl"}, {"PT", "pt"}, {"RO", "ro"}, {"SE", "sv"}, {"US", "en"},
  };
  for (const Entry& entry : kEntries) {
    if (rules::lowered(entry.country) == rules::lowered(country)) return entry.language;
  }
  return {};
}

std::string_view text_of(const cel::Value& lead, std::string_view name) {
  const cel::Value* value = lead.find(name);
  return value != nullptr && value->string() != nullptr ? std::string_view(*value->string()) : std::string_view();
}

/// The lead's language as a tag in lower case ("fr_FR.UTF-8" is fr-fr); empty when nothing says it.
std::string language_of(const cel::Value& data) {
  const cel::Value* lead = data.find("lead");
  if (lead == nullptr) return {};
  for (const char* attribute : {"language", "locale"}) {
    std::string tag = rules::lowered(text_of(*lead, attribute));
    tag.resize(std::min(tag.find_first_of(".@"), tag.size()));
    std::replace(tag.begin(), tag.end(), '_', '-');
    if (!tag.empty()) return tag;
  }
  return std::string(language_of_country(text_of(*lead, "country")));
}

/// Without a byte order mark, with LF line ends.
std::string normalised(std::string_view bytes) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (bytes[at] == '\r' && at + 1 < bytes.size() && bytes[at + 1] == '\n') continue;
    out += bytes[at];
  }
  return out;
}

}  // namespace

/// Fills a TemplateSet from files and collects every finding on the way.
class TemplateReader {
 public:
  explicit TemplateReader(fs::path folder) : folder_(std::move(folder)) {}

  void read_all() {
    std::error_code error;
    if (!fs::exists(folder_, error)) return;
    std::vector<fs::path> files;
    const fs::recursive_directory_iterator end;
    fs::recursive_directory_iterator entry(folder_, error);
    for (; !error && entry != end; entry.increment(error)) {
      const fs::path extension = entry->path().extension();
      if (entry->is_regular_file(error) && (extension == ".txt" || extension == ".html"))
        files.push_back(entry->path());
    }
    if (error) return find(folder_, {}, 0, "cannot be read: " + error.message());
    // `.txt` before the `.html` that goes with it.
    std::sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) {
      const bool html_a = a.extension() == ".html";
      const bool html_b = b.extension() == ".html";
      return std::pair(html_a, a) < std::pair(html_b, b);
    });
    for (const fs::path& file : files) read(file);
    if (findings_.empty()) check_subjects();
    std::sort(findings_.begin(), findings_.end());
  }

  std::vector<std::string> take_findings() { return std::move(findings_); }
  TemplateSet take_set(std::string_view default_language) {
    set_.default_language_ = rules::lowered(default_language);
    return std::move(set_);
  }

 private:
  using Variant = TemplateSet::Variant;
  using Variants = TemplateSet::Variants;

  void find(const fs::path& file, std::string_view source, std::size_t offset, std::string_view message) {
    const std::string_view before = source.substr(0, offset);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t column = offset - (before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1) + 1;
    findings_.push_back(fmt::format("{}:{}:{}: error: {} [template]", file.string(), line, column, message));
  }

  void read(const fs::path& file) {
    const std::string stem = file.stem().string();  // context.en
    const std::size_t dot = stem.rfind('.');
    if (dot == std::string::npos || !is_language_tag(stem.substr(dot + 1))) {
      return find(file, {}, 0, "the name needs a language before its ending, as in context.en.txt");
    }
    const std::string name = (file.lexically_relative(folder_).parent_path() / stem.substr(0, dot)).generic_string();
    if (!is_word(name, "-_/")) return find(file, {}, 0, "the name may hold a-z, 0-9, - and _ only");
    const auto source = content(file);
    if (!source) return;
    if (file.extension() == ".html") {
      read_html(file, name, stem.substr(dot + 1), *source);
    } else {
      read_text(file, name, stem.substr(dot + 1), *source);
    }
  }

  std::optional<std::string> content(const fs::path& file) {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(file, error);
    std::ifstream stream(file, std::ios::binary);
    if (error || !stream) {
      find(file, {}, 0, "cannot be read");
      return std::nullopt;
    }
    if (size > kMaxTemplateBytes) {
      find(file, {}, 0, fmt::format("is larger than {} KiB", kMaxTemplateBytes / 1024));
      return std::nullopt;
    }
    const std::string bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    if (!simdjson::validate_utf8(bytes.data(), bytes.size()) || bytes.find('\0') != std::string::npos) {
      find(file, {}, 0, "is not UTF-8 text");
      return std::nullopt;
    }
    return normalised(bytes);
  }

  /// The part of `source` from `begin` to `end` as a template; a finding and nullopt when it is none.
  struct Part {
    std::size_t begin;
    std::size_t end;
  };
  std::optional<TemplateText> parse(const fs::path& file, std::string_view source, Part part,
                                    TemplateText::Escaping escaping) {
    auto text = TemplateText::parse(source.substr(part.begin, part.end - part.begin), escaping);
    if (text) return *std::move(text);
    find(file, source, part.begin + text.error().offset, text.error().message);
    return std::nullopt;
  }

  void read_text(const fs::path& file, const std::string& name, const std::string& language, std::string_view source) {
    Variant variant;
    variant.language = language;
    std::size_t body = 0;
    if (source.starts_with(kSubject)) {
      const std::size_t end = std::min(source.find('\n'), source.size());
      variant.subject = parse(file, source, {kSubject.size(), end}, TemplateText::Escaping::none);
      if (rules::trimmed(source.substr(kSubject.size(), end - kSubject.size())).empty())
        find(file, source, 0, "the subject is empty");
      body = std::min(end + 1, source.size());
      if (body < source.size() && source[body] != '\n')
        find(file, source, body, "an empty line must follow the subject");
      body = std::min(body + 1, source.size());
    }
    const auto text = parse(file, source, {body, source.size()}, TemplateText::Escaping::none);
    if (source.find_first_not_of(" \t\n", body) == std::string_view::npos)
      find(file, source, body, "the text is empty");
    if (text) variant.text = *text;
    if (!set_.templates_[name].emplace(rules::lowered(language), std::move(variant)).second) {
      find(file, {}, 0, "another file has the same name and language");
    }
  }

  void read_html(const fs::path& file, const std::string& name, const std::string& language, std::string_view source) {
    Variants& variants = set_.templates_[name];
    const auto variant = variants.find(rules::lowered(language));
    if (variant == variants.end()) {
      return find(file, {}, 0, "there is no .txt of this name beside it: every email has a text");
    }
    if (!variant->second.subject) {
      return find(file, {}, 0, "the .txt beside it has no subject: only an email has an HTML part");
    }
    variant->second.html = parse(file, source, {0, source.size()}, TemplateText::Escaping::html);
  }

  /// A template is an email in all languages or in none.
  void check_subjects() {
    for (const auto& [name, variants] : set_.templates_) {
      const auto has_subject = [](const auto& variant) { return variant.second.subject.has_value(); };
      if (std::any_of(variants.begin(), variants.end(), has_subject) &&
          !std::all_of(variants.begin(), variants.end(), has_subject)) {
        const auto without = std::find_if_not(variants.begin(), variants.end(), has_subject);
        const fs::path file = folder_ / (name + "." + without->second.language + ".txt");
        find(file, {}, 0, "has no line `Subject:`, while the same template in another language has one");
      }
    }
  }

  const fs::path folder_;
  TemplateSet set_;
  std::vector<std::string> findings_;
};

tl::expected<TemplateSet, std::vector<std::string>> TemplateSet::load(const fs::path& folder,
                                                                      std::string_view default_language) {
  TemplateReader reader(folder);
  reader.read_all();
  std::vector<std::string> findings = reader.take_findings();
  if (!findings.empty()) return tl::unexpected(std::move(findings));
  return reader.take_set(default_language);
}

std::vector<std::string> TemplateSet::names() const {
  std::vector<std::string> out;
  out.reserve(templates_.size());
  for (const auto& entry : templates_) out.push_back(entry.first);
  return out;
}

std::set<std::string> TemplateSet::reads(std::string_view name) const {
  std::set<std::string> out;
  const auto variants = templates_.find(name);
  if (variants == templates_.end()) return out;
  for (const auto& [tag, variant] : variants->second) {
    out.insert(variant.text.reads().begin(), variant.text.reads().end());
    if (variant.subject) out.insert(variant.subject->reads().begin(), variant.subject->reads().end());
    if (variant.html) out.insert(variant.html->reads().begin(), variant.html->reads().end());
  }
  return out;
}

bool TemplateSet::is_email(std::string_view name) const {
  const auto variants = templates_.find(name);
  return variants != templates_.end() && variants->second.begin()->second.subject.has_value();
}

const TemplateSet::Variant& TemplateSet::choose(const Variants& variants, const cel::Value& data) const {
  // RFC 4647, 3.4: pt-br-x, then pt-br, then pt.
  for (std::string tag : {language_of(data), default_language_}) {
    while (!tag.empty()) {
      const auto variant = variants.find(tag);
      if (variant != variants.end()) return variant->second;
      const std::size_t dash = tag.rfind('-');
      tag.resize(dash == std::string::npos ? 0 : dash);
    }
  }
  return variants.begin()->second;
}

tl::expected<RenderedMessage, std::string> TemplateSet::render(std::string_view name, const cel::Value& data) const {
  const auto variants = templates_.find(name);
  if (variants == templates_.end()) return tl::unexpected(fmt::format("there is no template {}", name));
  const Variant& variant = choose(variants->second, data);
  const auto failure = [&](std::string_view part, std::string_view error) {
    return tl::unexpected(fmt::format("template {}.{}: the {} {}", name, variant.language, part, error));
  };
  RenderedMessage message;
  message.language = variant.language;
  auto text = variant.text.render(data);
  if (!text) return failure("text", text.error());
  message.text = *std::move(text);
  if (variant.subject) {
    const auto subject = variant.subject->render(data);
    if (!subject) return failure("subject", subject.error());
    message.subject = rules::trimmed(*subject);
    if (message.subject.empty()) return failure("subject", "comes out empty for this lead");
  }
  if (variant.html) {
    auto html = variant.html->render(data);
    if (!html) return failure("HTML part", html.error());
    message.html = *std::move(html);
  }
  return message;
}

tl::expected<RenderedMessage, std::string> TemplateSet::render_email(const std::optional<std::string>& name,
                                                                     const cel::Value& data) const {
  if (!name) return tl::unexpected(std::string("email step without template"));
  if (contains(*name) && !is_email(*name)) {
    return tl::unexpected(fmt::format("template {} has no line `Subject:`: it is no email", *name));
  }
  return render(*name, data);
}

}  // namespace relance::engine
