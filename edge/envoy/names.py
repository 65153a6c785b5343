"""Names of filters, scripts, headers and paths that several parts of the configuration share."""

from __future__ import annotations

# Bounds the bodies of plain HTTP services.
BUFFER = "envoy.filters.http.buffer"
# Bounds JSON bodies: the transcoder's own bound sees no more than what waits in its buffer at once.
JSON_BUFFER = "buffer_json"
# Looks at the token of a call in JSON before its body is held in memory.
JSON_JWT = "jwt_json"
# The script of calls in JSON.
JSON_SCRIPT = "json"
# The script of share links.
SHARE_SCRIPT = "share"
# The requirement of jwt_authn that a USER method names.
USER = "user"
MEDIA_PREFIX = "/media/"
# Whoever knows the rest of the path may see the playlist.
SHARE_PREFIX = "/s/"
SIGN_IN_PREFIXES = ("/oauth2/", "/.well-known/")
HEALTH_PATH = "/healthz"
OPENAPI_PATH = "/openapi.json"
ROOT_PATH = "/"
# Where the transcoder keeps the path of a JSON call, for the access log.
ORIGINAL_PATH = "x-envoy-original-path"
ORIGINAL_METHOD = "x-envoy-original-method"

TRANSCODER = "envoy.filters.http.grpc_json_transcoder"
# The filter that finishes JSON answers.
LUA = "envoy.filters.http.lua"
JWT = "envoy.filters.http.jwt_authn"
LIMIT_ADDRESS = "limit_address"
LIMIT_USER = "limit_user"
# Makes gRPC of the Connect protocol, and its answers back.
CONNECT_BRIDGE = "envoy.filters.http.connect_grpc_bridge"
# Keeps the Status of an answer to it.
CONNECT_STATUS = "connect_status"
# The scripts of calls of the Connect protocol.
CONNECT_SCRIPT = "connect"
CONNECT_JSON_SCRIPT = "connect_json"
