-- What is left to do on an answer in JSON.
--
-- The transcoder leaves gRPC's headers on it, cannot do `response_body`, and refuses in words of
-- its own; a service may choose a 201 or a 204. What a read answered is not sent a second time to
-- who has it.

local ffi = require("ffi")

local function replace_body(handle, text)
  handle:body(true):setBytes(text)
  handle:headers():replace("content-length", tostring(#text))
end

local function text_of(handle)
  local body = handle:body(true)
  return tostring(body:getBytes(0, body:length()))
end

-- The content without the message around it, where that has this field alone.
local function unwrapped(text, field)
  return text:match('^%s*{%s*"' .. field .. '"%s*:(.*)}%s*$') or text
end

-- 64 bits of a text: two texts of one address differ in them but once in a great many.
local function hash_of(text)
  local prime, h = 0x9E3779B97F4A7C15ULL, 0xCBF29CE484222325ULL + #text
  local words = ffi.cast("const uint64_t*", text)
  for i = 0, math.floor(#text / 8) - 1 do
    h = bit.bxor(h, words[i]) * prime
    h = bit.bxor(h, bit.rshift(h, 29))
  end
  for i = #text - #text % 8 + 1, #text do
    h = bit.bxor(h, text:byte(i)) * prime
    h = bit.bxor(h, bit.rshift(h, 29))
  end
  return bit.tohex(h)
end

-- Whether a caller who says that it has `held`, a list of tags or "*", has this one.
local function has(held, tag)
  if held:match("^%s*%*%s*$") then return true end
  local opaque = tag:gsub("^W/", "")
  return held:find(opaque, 1, true) ~= nil
end

local function not_modified(handle, length)
  handle:body(true):setBytes("")
  local headers = handle:headers()
  headers:replace(":status", "304")
  headers:remove("content-type")
  -- Over HTTP/1.1 Envoy would write an end of chunks after an answer without a length.
  if handle:streamInfo():protocol() == "HTTP/1.1" then
    headers:replace("content-length", tostring(length))
  else
    headers:remove("content-length")
  end
end

-- What a read answered, with its tag; nothing more where the caller has it.
local function finish_read(handle, field, held)
  local text = text_of(handle)
  local inner = field and unwrapped(text, field) or text
  local tag = 'W/"' .. hash_of(inner) .. '"'
  handle:headers():replace("etag", tag)
  if held and has(held, tag) then return not_modified(handle, #inner) end
  if inner ~= text then replace_body(handle, inner) end
end

local function set_status(handle, code)
  handle:headers():replace(":status", code)
  handle:headers():remove("x-http-code")
  if code == "204" then
    handle:headers():remove("content-type")
    replace_body(handle, "")
    handle:headers():remove("content-length")
  end
end

-- Where the body has a list and no field of that name is one.
local function wrong_list(handle)
  local found = handle:streamInfo():dynamicMetadata():get(SEGUE)
  return found and found[WRONG_LIST]
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local kind = headers:get("content-type") or ""
  local verb, held = headers:get(CALLED_BY), headers:get(IF_NONE_MATCH)
  headers:remove(CALLED_BY)
  headers:remove(IF_NONE_MATCH)
  local segue, refused = handle:streamInfo():dynamicMetadata():get(SEGUE), headers:get(CONNECT)
  local connect = segue and segue[CONNECT] or refused
  headers:remove(CONNECT)
  if connect then return finish_connect(handle, connect) end
  if kind:sub(1, 16) == "application/grpc" then
    -- What the edge refuses over gRPC-Web looks as what a service does.
    if kind:sub(17, 20) == "-web" and headers:get("grpc-status") then
      headers:replace(":status", "200")
    end
    return
  end
  headers:remove("grpc-status")
  headers:remove("grpc-message")
  headers:remove("grpc-accept-encoding")
  headers:remove("grpc-retry-pushback-ms")
  if segue and segue[PAGE] then return finish_share_page(handle) end
  if headers:get(REFUSED_BY_TRANSCODER) then
    headers:remove(REFUSED_BY_TRANSCODER)
    replace_body(handle, refusal(text_of(handle), wrong_list(handle)))
    return
  end
  local route = handle:metadata()
  local caching, succeeded = route:get(CACHE_CONTROL), headers:get(":status") == "200"
  if caching and not headers:get("cache-control") then
    headers:add("cache-control", succeeded and caching or "no-store")
  end
  if kind:sub(1, 16) == "application/json" and succeeded then
    local field = route:get(RESPONSE_BODY)
    if verb == "GET" and route:get(TAGGED) then
      finish_read(handle, field, held)
    elseif field then
      replace_body(handle, unwrapped(text_of(handle), field))
    end
  end
  local code = handle:headers():get("x-http-code")
  if code then set_status(handle, code) end
end
