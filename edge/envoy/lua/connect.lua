-- Answers to callers of the Connect protocol: their errors, from the Status that a service or the
-- edge gave. Binary calls come here over Envoy's bridge, which knows no details of errors; unary
-- calls in JSON over the transcoder, whose errors are a Status in JSON.

local CODES = { "canceled", "unknown", "invalid_argument", "deadline_exceeded", "not_found",
  "already_exists", "permission_denied", "resource_exhausted", "failed_precondition", "aborted",
  "out_of_range", "unimplemented", "internal", "unavailable", "data_loss", "unauthenticated" }
local HTTP = { 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401 }

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local VALUE_OF = {}
for i = 1, #ALPHABET do VALUE_OF[ALPHABET:byte(i)] = i - 1 end

local function from_base64(text)
  local out, bits, held = {}, 0, 0
  for i = 1, #text do
    local value = VALUE_OF[text:byte(i)]
    if value then
      held, bits = held * 64 + value, bits + 6
      if bits >= 8 then
        bits = bits - 8
        out[#out + 1] = string.char(math.floor(held / 2 ^ bits))
        held = held % 2 ^ bits
      end
    end
  end
  return table.concat(out)
end

local function varint(bytes, at)
  local value, shift = 0, 1
  while true do
    local byte = bytes:byte(at)
    if not byte then return nil, at end
    value, at, shift = value + byte % 128 * shift, at + 1, shift * 128
    if byte < 128 then return value, at end
  end
end

-- The numbers and values of a message's fields that are numbers or have a length.
local function each_field(bytes, take)
  local at = 1
  while at <= #bytes do
    local tag, value
    tag, at = varint(bytes, at)
    if not tag then return end
    value, at = varint(bytes, at)
    if not value then return end
    if tag % 8 == 2 then
      local length = value
      value, at = bytes:sub(at, at + length - 1), at + length
    end
    take(math.floor(tag / 8), value)
  end
end

local function length_of(text)
  local length, out = #text, ""
  while length >= 128 do
    out, length = out .. string.char(length % 128 + 128), math.floor(length / 128)
  end
  return out .. string.char(length)
end

-- A field that is a text or a message.
local function field_of(number, text)
  return string.char(number * 8 + 2) .. length_of(text) .. text
end

-- The error of a refusal by its field: what a service would have said of it.
local function field_error(field, fault, renamed_to)
  local info = field_of(1, "INVALID_FIELD") .. field_of(2, "segue")
    .. field_of(3, field_of(1, "field") .. field_of(2, field))
  if renamed_to then
    info = info .. field_of(3, field_of(1, "renamed_to") .. field_of(2, renamed_to))
  end
  local violation = field_of(1, field) .. field_of(2, fault)
  return { code = 3, message = field .. ": " .. fault, details = {
    { "google.rpc.ErrorInfo", info }, { "google.rpc.BadRequest", field_of(1, violation) } } }
end

-- The error in a google.rpc.Status.
local function error_of(status)
  local found = { code = 2, message = "", details = {} }
  each_field(status, function(number, value)
    if number == 1 then found.code = value end
    if number == 2 then found.message = value end
    if number ~= 3 then return end
    local kind, content = "", ""
    each_field(value, function(inner, part)
      if inner == 1 then kind = part:match("([^/]*)$") end
      if inner == 2 then content = part end
    end)
    found.details[#found.details + 1] = { kind, content }
  end)
  return found
end

local function error_in_json(handle, found)
  local details = {}
  for i, detail in ipairs(found.details) do
    local value = handle:base64Escape(detail[2]):gsub("=+$", "")
    details[i] = '{"type":' .. quoted(detail[1]) .. ',"value":"' .. value .. '"}'
  end
  return '{"code":"' .. (CODES[found.code] or "unknown") .. '","message":'
    .. quoted(found.message) .. ',"details":[' .. table.concat(details, ",") .. "]}"
end

-- The last message of a stream.
local function end_of_stream(handle, found)
  local text = '{"error":' .. error_in_json(handle, found) .. "}"
  local n = #text
  return string.char(2, math.floor(n / 2 ^ 24), math.floor(n / 2 ^ 16) % 256,
    math.floor(n / 2 ^ 8) % 256, n % 256) .. text
end

-- The error of the answer. The edge's own may be given before a call comes to what keeps the Status.
local function told(handle, in_header)
  local found = handle:streamInfo():dynamicMetadata():get(SEGUE) or {}
  if found[CONNECT_FIELD] then return field_error(found[CONNECT_FIELD], found[CONNECT_FAULT]) end
  local status = found[CONNECT_STATUS] or in_header
  return status and error_of(from_base64(status))
end

local function finish_connect_stream(handle, in_header)
  local headers = handle:headers()
  if headers:get(":status") ~= "200" then
    local text = end_of_stream(handle, told(handle, in_header) or error_of(""))
    headers:replace(":status", "200")
    headers:replace("content-type", "application/connect+proto")
    return replace_body(handle, text)
  end
  for chunk in handle:bodyChunks() do
    local found = told(handle)
    if found and chunk:length() > 0 and chunk:getBytes(0, 1):byte() == 2 then
      chunk:setBytes(end_of_stream(handle, found))
    end
  end
end

local function finish_connect_unary(handle, in_header)
  local headers = handle:headers()
  local status, found = headers:get(":status"), told(handle, in_header)
  if headers:get(REFUSED_BY_TRANSCODER) then
    headers:remove(REFUSED_BY_TRANSCODER)
    found = field_error(refused_field(text_of(handle), wrong_list(handle)))
  elseif not found and status == "200" then
    if (headers:get("content-type") or ""):sub(1, 16) == "application/grpc" then
      headers:replace("content-type", "application/proto")
    end
    return
  elseif not found then
    -- gRPC's own, without a Status: the transcoder's words, or the bridge's, which are right.
    local code, words = text_of(handle):match('^{"code":(%d+),"message":"([^"]*)"')
    if not code then return end
    found = { code = tonumber(code), message = words, details = {} }
  end
  headers = handle:headers()
  headers:replace(":status", tostring(HTTP[found.code] or 500))
  headers:replace("content-type", "application/json")
  headers:replace("cache-control", "no-store")
  replace_body(handle, error_in_json(handle, found))
end

local GRPC_HEADERS = { "grpc-status", "grpc-message", "grpc-accept-encoding", "grpc-encoding",
  "grpc-status-details-bin", "grpc-retry-pushback-ms", "x-http-code" }

function finish_connect(handle, kind)
  local headers = handle:headers()
  local in_header = headers:get("grpc-status-details-bin")
  for _, name in ipairs(GRPC_HEADERS) do
    headers:remove(name)
    headers:remove("trailer-" .. name)
  end
  local retry = headers:get("trailer-retry-after")
  if retry then headers:replace("retry-after", retry) end
  if kind == "stream" then return finish_connect_stream(handle, in_header) end
  finish_connect_unary(handle, in_header)
end
