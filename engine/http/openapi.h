#pragma once
// The OpenAPI 3.1 document that /openapi.json serves; a test holds it against HttpServer::routes().

#include <string_view>

namespace relance::engine {

std::string_view openapi_document();

}  // namespace relance::engine
