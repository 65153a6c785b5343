-- A share link in a browser: what the call answers in JSON, as a page. No script, nothing from
-- elsewhere, and every text of users escaped.

local UNESCAPED = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function utf8_of(code)
  if code < 0x80 then return string.char(code) end
  if code < 0x800 then
    return string.char(0xC0 + math.floor(code / 0x40), 0x80 + code % 0x40)
  end
  if code < 0x10000 then
    return string.char(0xE0 + math.floor(code / 0x1000), 0x80 + math.floor(code / 0x40) % 0x40,
      0x80 + code % 0x40)
  end
  return string.char(0xF0 + math.floor(code / 0x40000), 0x80 + math.floor(code / 0x1000) % 0x40,
    0x80 + math.floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
end

local function unescaped(text)
  text = text:gsub("\\u([dD][89abAB]%x%x)\\u([dD][c-fC-F]%x%x)", function(high, low)
    return utf8_of((tonumber(high, 16) - 0xD800) * 0x400 + tonumber(low, 16) - 0xDC00 + 0x10000)
  end)
  return (text:gsub("\\(.)(%x?%x?%x?%x?)", function(c, hex)
    if c == "u" then return utf8_of(tonumber(hex, 16) or 0xFFFD) end
    return (UNESCAPED[c] or c) .. hex
  end))
end

local read_value

local function read_text(text, at)
  local close = at + 1
  while text:byte(close) ~= 34 do
    close = close + (text:byte(close) == 92 and 2 or 1)
    if close > #text then return "", close end
  end
  return unescaped(text:sub(at + 1, close - 1)), close + 1
end

local function read_members(text, at, closing)
  local found = {}
  while true do
    at = text:find("[^%s,:]", at)
    if not at or text:byte(at) == closing then return found, (at or #text) + 1 end
    local key, value
    if closing == 125 then
      key, at = read_text(text, at)
      at = text:find("[^%s:]", at) or #text + 1
    else
      key = #found + 1
    end
    value, at = read_value(text, at)
    found[key] = value
  end
end

-- The value that begins at `at` of a text that the transcoder wrote, and where it has ended.
function read_value(text, at)
  local c = text:byte(at)
  if c == 123 then return read_members(text, at + 1, 125) end
  if c == 91 then return read_members(text, at + 1, 93) end
  if c == 34 then return read_text(text, at) end
  local _, last = text:find("^[^%s,%]}]+", at)
  local word = text:sub(at, last or #text)
  return tonumber(word) or word, (last or #text) + 1
end

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

local function escaped(value)
  return (tostring(value or ""):gsub("[&<>\"']", ENTITIES))
end

local function clock(ms)
  local seconds = math.floor((tonumber(ms) or 0) / 1000)
  return ("%d:%02d"):format(math.floor(seconds / 60), seconds % 60)
end

local function page(title, inner)
  return '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
    .. 'content="width=device-width"><meta name="robots" content="noindex"><title>' .. title
    .. " · Segue</title><style>body{font:16px/1.5 system-ui;max-width:40em;margin:2em auto;"
    .. "padding:0 1em}td{padding:.2em 1em .2em 0}.d{text-align:right}</style></head><body>"
    .. inner .. "</body></html>"
end

local function playlist_page(shared)
  local list = shared.playlist or {}
  local rows = {}
  for i, track in ipairs(shared.tracks or {}) do
    rows[i] = "<tr><td>" .. escaped(track.title) .. "</td><td>" .. escaped(track.artist)
      .. '</td><td class="d">' .. clock(track.duration_ms) .. "</td></tr>"
  end
  local count, title = tonumber(list.track_count) or 0, escaped(list.title)
  local more = count > #rows and ("<p>" .. #rows .. " of " .. count .. " tracks</p>") or ""
  return page(title, "<h1>" .. title .. "</h1><p>by " .. escaped(list.owner) .. "</p><p>"
    .. escaped(list.description) .. "</p><table>" .. table.concat(rows) .. "</table>" .. more
    .. "<p>To take it: <code>segue playlist accept</code> and this address.</p>")
end

function finish_share_page(handle)
  local told = read_value(text_of(handle), 1)
  local headers = handle:headers()
  local text
  if headers:get(":status") == "200" then
    text = playlist_page(told)
  else
    local message = type(told) == "table" and told.message or "This link shows nothing."
    text = page("Link", "<h1>" .. escaped(message) .. "</h1>")
  end
  headers:replace("content-type", "text/html; charset=utf-8")
  headers:replace("cache-control", "no-store")
  headers:replace("vary", "accept")
  headers:replace("referrer-policy", "no-referrer")
  headers:replace("x-content-type-options", "nosniff")
  headers:replace("content-security-policy",
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
  replace_body(handle, text)
end
