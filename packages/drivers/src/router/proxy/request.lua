-- What scripts that decide about requests read out of texts, as Serin's gateway does. For Lua 5.3 and LuaJIT alike; it stands before `decide.lua`.
local find, gsub, sub, byte, char, match = string.find, string.gsub, string.sub, string.byte, string.char, string.match

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

local bits_of_byte = {}
for value = 0, 255 do
  local bits, rest = "", value
  for _ = 1, 8 do
    bits = (rest % 2) .. bits
    rest = math.floor(rest / 2)
  end
  bits_of_byte[value] = bits
end

-- An IPv4 address as 32 signs, each 0 or 1; nil when it is none.
local function bits_of_four(text)
  local bits = ""
  for _, part in ipairs({ match(text, "^(%d+)%.(%d+)%.(%d+)%.(%d+)$") }) do
    local value = tonumber(part)
    if #part > 3 or value > 255 or (#part > 1 and byte(part) == 48) then return nil end
    bits = bits .. bits_of_byte[value]
  end
  return bits ~= "" and bits or nil
end

-- Groups of an IPv6 address in the same way; nil when one of them is none.
local function bits_of_groups(text)
  local bits = ""
  if text == "" then return bits end
  for group in string.gmatch(text .. ":", "([^:]*):") do
    if not find(group, "^%x%x?%x?%x?$") then return nil end
    local value = tonumber(group, 16)
    bits = bits .. bits_of_byte[math.floor(value / 256)] .. bits_of_byte[value % 256]
  end
  return bits
end

-- An IPv6 address as 128 signs. It may end like one of IPv4, and have a zone.
local function bits_of_six(text)
  local bare = gsub(text, "%%[%w._-]+$", "")
  local start, last = match(bare, "^(.*:)([%d.]+%.%d+)$")
  if last ~= nil then
    local bits = bits_of_four(last)
    if bits == nil then return nil end
    bare = start .. string.format("%x:%x", tonumber(sub(bits, 1, 16), 2), tonumber(sub(bits, 17), 2))
  end
  local before, after = match(bare, "^(.-)::(.*)$")
  local front, back = bits_of_groups(before or bare), bits_of_groups(after or "")
  if front == nil or back == nil then return nil end
  local missing = 128 - #front - #back
  if before == nil and missing ~= 0 or before ~= nil and missing < 16 then return nil end
  return front .. string.rep("0", missing) .. back
end

local mapped = string.rep("0", 80) .. string.rep("1", 16)

-- The signs of an address, 32 of one that is IPv4 in the clothes of IPv6; nil when it is none.
local function bits_of(address)
  if not find(address, ":", 1, true) then return bits_of_four(address) end
  local bits = bits_of_six(address)
  if bits ~= nil and sub(bits, 1, 96) == mapped then return sub(bits, 97) end
  return bits
end

-- Networks such as `10.0.0.0/8` as what their addresses have: so many signs, and these at the beginning.
local function networks_of(words)
  local networks = {}
  for i, word in ipairs(words) do
    local address, length = match(word, "^([^/]+)/?(%d*)$")
    local bits = bits_of(address)
    networks[i] = { signs = #bits, prefix = length == "" and bits or sub(bits, 1, tonumber(length)) }
  end
  return networks
end

local function is_in(networks, bits)
  for _, network in ipairs(networks) do
    if network.signs == #bits and sub(bits, 1, #network.prefix) == network.prefix then return true end
  end
  return false
end

-- An address of a list that proxies write, without its port, IPv4 as such.
local function bare_address(listed)
  local text = match(listed, "^%s*(.-)%s*$")
  local bare = match(text, "^%[([^%]]+)%]$") or match(text, "^%[([^%]]+)%]:%d+$") or match(text, "^([%d.]+):%d+$") or text
  return match(bare, "^::[fF][fF][fF][fF]:([%d.]+)$") or bare
end

-- Who asks, whether who connected is believed, and whom a version is told the request was forwarded for.
-- The client is the last of those that is not believed; `forwarded` is what was said of them, or nil.
local function client_of(networks, peer, forwarded)
  local bits = #networks > 0 and bits_of(peer) or nil
  if bits == nil or not is_in(networks, bits) then return peer, false, peer end
  if forwarded == nil then return peer, true, peer end
  local client, hops = peer, {}
  for hop in string.gmatch(forwarded .. ",", "([^,]*),") do hops[#hops + 1] = hop end
  for i = #hops, 1, -1 do
    local address = bare_address(hops[i])
    local known = bits_of(address)
    if known == nil then break end
    client = address
    if not is_in(networks, known) then break end
  end
  return client, true, forwarded .. ", " .. peer
end
