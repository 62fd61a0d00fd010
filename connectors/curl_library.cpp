#include "connectors/curl_library.h"

namespace relance::connectors {

bool curl_is_ready() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return ready;
}

std::string_view curl_failure(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return "timeout";
    case CURLE_COULDNT_RESOLVE_HOST:
      return "host not found";
    case CURLE_COULDNT_CONNECT:
      return "connection refused";
    case CURLE_USE_SSL_FAILED:
      return "server offers no STARTTLS";
    case CURLE_PEER_FAILED_VERIFICATION:
      return "certificate not trusted";
    case CURLE_SSL_CACERT_BADFILE:
      return "ca file not readable";
    case CURLE_SSL_CONNECT_ERROR:
      return "TLS handshake failed";
    case CURLE_LOGIN_DENIED:
      return "login denied";
    default:
      return "connection lost";
  }
}

}  // namespace relance::connectors
