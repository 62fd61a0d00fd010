#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include <httplib.h>

#include "engine/http/server.h"
#include "tests/engine/idle_engine.h"
#include "tests/engine/temporary_directory.h"

using namespace relance;
using namespace relance::engine;

namespace {

class LongLedgerEngine : public tests::IdleEngine {
 public:
  SubmitResult submit(std::vector<Arrival>) override { return {SubmitResult::Kind::durable, 1}; }
  std::string ledger_lines(std::uint64_t, std::size_t) override { return std::string(300'000, 'x'); }
  rules::Instant now() override { return {1'772'442'600'000}; }
};

/// A self-signed certificate for 127.0.0.1, and its key, in files that go away with the test.
class Certificate {
 public:
  Certificate() {
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> pair(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const std::unique_ptr<X509, void (*)(X509*)> certificate(X509_new(), X509_free);
    REQUIRE(pair);
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), pair.get());
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("127.0.0.1"), -1, -1,
                               0);
    X509_set_issuer_name(certificate.get(), subject);
    REQUIRE(X509_sign(certificate.get(), pair.get(), EVP_sha256()) > 0);
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> cert_file(std::fopen(cert().c_str(), "wb"), std::fclose);
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> key_file(std::fopen(key().c_str(), "wb"), std::fclose);
    REQUIRE(PEM_write_X509(cert_file.get(), certificate.get()) == 1);
    REQUIRE(PEM_write_PrivateKey(key_file.get(), pair.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  }
  std::filesystem::path cert() const { return folder_.path() / "cert.pem"; }
  std::filesystem::path key() const { return folder_.path() / "key.pem"; }

 private:
  tests::TemporaryDirectory folder_;
};

std::unique_ptr<HttpServer> start(LongLedgerEngine& engine, prometheus::Registry& registry,
                                  const Certificate& certificate) {
  HttpSettings settings;
  settings.tls_cert = certificate.cert();
  settings.tls_key = certificate.key();
  settings.request_time = rules::Duration{5000};
  auto started = HttpServer::start(engine, std::move(settings), registry);
  REQUIRE_MESSAGE(started.has_value(), (started ? std::string() : started.error()));
  return *std::move(started);
}

}  // namespace

TEST_CASE("with a certificate the API speaks TLS, on connections that stay") {
  const Certificate certificate;
  LongLedgerEngine engine;
  prometheus::Registry registry;
  const auto server = start(engine, registry, certificate);
  httplib::SSLClient client("127.0.0.1", server->port());
  client.set_ca_cert_path(certificate.cert().c_str());
  client.enable_server_certificate_verification(false);  // the name's check differs between versions of httplib
  client.set_keep_alive(true);
  for (int i = 0; i < 3; ++i) {
    const auto health = client.Get("/healthz");
    REQUIRE(health);
    CHECK(health->status == 200);
  }
  const auto ledger = client.Get("/v1/ledger");
  REQUIRE(ledger);
  CHECK(ledger->body.size() == 300'000);
  const auto batch = client.Post("/v1/events", "[" + std::string(1'000'000, ' ') + "]", "application/json");
  REQUIRE(batch);
  CHECK(batch->status == 202);
  const auto refused = client.Post("/nothing", std::string(100'000, ' '), "application/json");
  REQUIRE(refused);
  CHECK(refused->status == 404);
}

TEST_CASE("what is no TLS gets no answer, and disturbs nobody") {
  const Certificate certificate;
  LongLedgerEngine engine;
  prometheus::Registry registry;
  const auto server = start(engine, registry, certificate);
  httplib::Client plain("127.0.0.1", server->port());
  CHECK(!plain.Get("/healthz"));
  httplib::SSLClient client("127.0.0.1", server->port());
  client.enable_server_certificate_verification(false);
  CHECK(client.Get("/healthz")->status == 200);
}

TEST_CASE("a key that does not fit its certificate is a start error") {
  const Certificate certificate;
  const Certificate other;
  LongLedgerEngine engine;
  prometheus::Registry registry;
  HttpSettings settings;
  settings.tls_cert = certificate.cert();
  settings.tls_key = other.key();
  const auto started = HttpServer::start(engine, settings, registry);
  REQUIRE(!started.has_value());
  CHECK(started.error().find("key") != std::string::npos);
}
