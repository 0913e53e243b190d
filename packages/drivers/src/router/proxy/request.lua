-- What scripts that decide about requests read out of texts, as Serin's gateway does. For Lua 5.3 and LuaJIT alike; it stands before `decide.lua`.
local find, gsub, sub, byte, char = string.find, string.gsub, string.sub, string.byte, string.char

local function encoded(text)
  return (gsub(text, "[^%w._-]", function(c) return string.format("%%%02x", byte(c)) end))
end

local function unescaped(text)
  return gsub(text, "%%(%x%x)", function(code) return char(tonumber(code, 16)) end)
end

-- The first bytes of characters: how many follow, and what the next may be. No surrogates, nothing that could be shorter.
local function following(first, next)
  if first < 0x80 then return 0 end
  if first >= 0xc2 and first <= 0xdf then return 1 end
  if first == 0xe0 then return next >= 0xa0 and 2 or nil end
  if first == 0xed then return next <= 0x9f and 2 or nil end
  if first >= 0xe1 and first <= 0xef then return 2 end
  if first == 0xf0 then return next >= 0x90 and 3 or nil end
  if first == 0xf4 then return next <= 0x8f and 3 or nil end
  if first >= 0xf1 and first <= 0xf3 then return 3 end
  return nil
end

local function is_utf8(bytes)
  local at = 1
  while at <= #bytes do
    local more = following(byte(bytes, at), byte(bytes, at + 1) or 0)
    if more == nil then return false end
    for i = at + 1, at + more do
      local each = byte(bytes, i)
      if each == nil or each < 0x80 or each > 0xbf then return false end
    end
    at = at + more + 1
  end
  return true
end

-- Header bytes that are no UTF-8 are read as Latin-1.
local function text_of(bytes)
  if bytes == nil or not find(bytes, "[\128-\255]") or is_utf8(bytes) then return bytes end
  return (gsub(bytes, "[\128-\255]", function(c)
    local code = byte(c)
    return char(code < 0xc0 and 0xc2 or 0xc3, 0x80 + code % 0x40)
  end))
end

local function query_text(text)
  local spaced = gsub(text, "+", " ")
  local raw, codes = unescaped(spaced)
  local _, signs = gsub(spaced, "%%", "")
  if codes ~= signs or not is_utf8(raw) then return spaced end
  return raw
end

-- The value of a cookie in the text of the header.
local function cookie_in(all, name)
  local at = 1
  while at <= #all do
    local stop = find(all, ";", at, true) or #all + 1
    while byte(all, at) == 32 do at = at + 1 end
    if sub(all, at, at + #name) == name .. "=" then
      return (gsub(gsub(sub(all, at + #name + 1, stop - 1), "^%s+", ""), "%s+$", ""))
    end
    at = stop + 1
  end
  return nil
end

local function query_in(target, name)
  local start = find(target, "?", 1, true)
  if start == nil then return nil end
  for pair in string.gmatch(sub(target, start + 1) .. "&", "([^&]*)&") do
    local equals = find(pair, "=", 1, true)
    if query_text(equals and sub(pair, 1, equals - 1) or pair) == name then
      return equals and query_text(sub(pair, equals + 1)) or ""
    end
  end
  return nil
end

local function path_in(target)
  return (gsub(target, "?.*$", ""))
end

local function quoted(text)
  return '"' .. gsub(text, '[%c"\\]', function(c) return string.format("\\u%04x", byte(c)) end) .. '"'
end
