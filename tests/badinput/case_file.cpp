#include "tests/badinput/case_file.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <stdexcept>

#include "framework/base/hash.h"

namespace lethe::badinput {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + file.string());
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

void write(const fs::path& file, const std::string& bytes) {
  if (file.has_parent_path()) fs::create_directories(file.parent_path());
  std::ofstream stream(file, std::ios::binary);
  stream << bytes;
  if (!stream.flush()) throw std::runtime_error("cannot write " + file.string());
}

std::vector<std::string> texts(const YAML::Node& node) {
  if (!node) return {};
  if (node.IsScalar()) return {node.as<std::string>()};
  return node.as<std::vector<std::string>>();
}

std::string bytes_of_hex(const std::string& hex) {
  std::istringstream words(hex);
  std::string bytes, word;
  while (words >> word) bytes += static_cast<char>(std::stoi(word, nullptr, 16));
  return bytes;
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

std::string tensor_file(const std::string& header, std::size_t data) {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + header +
         std::string(data, '\0');
}

std::string replaced(std::string text, const YAML::Node& pairs) {
  for (const auto& pair : pairs) {
    const auto old = pair.first.as<std::string>();
    const std::size_t at = text.find(old);
    if (at == std::string::npos) throw std::runtime_error("`" + old + "` is not there to be replaced");
    text.replace(at, old.size(), pair.second.as<std::string>());
  }
  return text;
}

// Plain words of YAML become JSON's own; quoted ones stay text.
Json json_of(const YAML::Node& node) {
  if (node.IsNull()) return nullptr;
  if (node.IsMap()) {
    Json object = Json::object();
    for (const auto& pair : node) object[pair.first.as<std::string>()] = json_of(pair.second);
    return object;
  }
  if (node.IsSequence()) {
    Json list = Json::array();
    for (const auto& item : node) list.push_back(json_of(item));
    return list;
  }
  const auto text = node.as<std::string>();
  if (node.Tag() == "!") return text;
  const Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return value.is_discarded() ? Json(text) : value;
}

std::string merged(const std::string& text, const YAML::Node& changes) {
  Json json = Json::parse(text);
  json.merge_patch(json_of(changes));
  return json.dump(2);
}

std::size_t place(const std::string& bytes, long at) {
  return at < 0 ? bytes.size() - static_cast<std::size_t>(-at) : static_cast<std::size_t>(at);
}

std::string flipped(std::string bytes, long at) {
  bytes.at(place(bytes, at)) ^= '\xff';
  return bytes;
}

// Steps that are not about the bytes of a file; true if `step` was one.
bool changed_entry(const fs::path& path, const YAML::Node& step) {
  if (step["mode"])
    fs::permissions(path, static_cast<fs::perms>(std::stoi(step["mode"].as<std::string>(), nullptr, 8)));
  else if (step["link"])
    fs::create_directories(path.parent_path()), fs::create_symlink(step["link"].as<std::string>(), path);
  else if (step["folder"])
    fs::create_directories(path);
  else if (step["remove"])
    fs::remove_all(path);
  else
    return false;
  return true;
}

std::string bytes_after(const fs::path& folder, const fs::path& path, const YAML::Node& step) {
  if (step["hex"]) return bytes_of_hex(step["hex"].as<std::string>());
  if (step["text"]) return repeated(step["text"].as<std::string>(), step["times"].as<std::size_t>());
  if (step["copy"]) return read(folder / step["copy"].as<std::string>());
  if (step["safetensors"])
    return tensor_file(step["safetensors"].as<std::string>(), step["data"].as<std::size_t>());
  if (step["replace"]) return replaced(read(path), step["replace"]);
  if (step["json"]) return merged(read(path), step["json"]);
  const std::string bytes = read(path);
  if (step["keep"]) return bytes.substr(0, place(bytes, step["keep"].as<long>()));
  if (step["flip"]) return flipped(bytes, step["flip"].as<long>());
  throw std::runtime_error("no known step for " + path.string());
}

const std::set<std::string> kKeys = {"row",  "why",       "first",  "files",  "command", "ranks",
                                     "env",  "as_nobody", "locked", "disk",   "exit",    "error",
                                     "says", "silent",    "makes",  "seconds"};

}  // namespace

Case read_case(const fs::path& file) {
  const YAML::Node root = YAML::LoadFile(file.string());
  for (const auto& pair : root) {
    if (!kKeys.contains(pair.first.as<std::string>()))
      throw std::runtime_error(
          fmt::format("{}: unknown key {}", file.string(), pair.first.as<std::string>()));
  }
  Case c{.name = file.stem().string()};
  c.first = texts(root["first"]);
  c.files = root["files"] ? root["files"] : YAML::Node(YAML::NodeType::Map);
  c.command = root["command"].as<std::string>("");
  c.ranks = texts(root["ranks"]);
  if (root["env"]) c.env = root["env"].as<std::map<std::string, std::string>>();
  c.as_nobody = root["as_nobody"].as<bool>(false);
  c.locked = root["locked"].as<std::string>("");
  c.disk = root["disk"].as<std::string>("");
  c.exit = root["exit"].as<int>();
  c.error = root["error"].as<std::string>("");
  c.says = texts(root["says"]);
  c.silent = texts(root["silent"]);
  c.makes = texts(root["makes"]);
  c.seconds = root["seconds"].as<double>(20);
  return c;
}

void make_files(const Case& c, const fs::path& folder) {
  for (const auto& file : c.files) {
    const fs::path path = folder / file.first.as<std::string>();
    const YAML::Node& step = file.second;
    if (step.IsScalar())
      write(path, step.as<std::string>());
    else if (!changed_entry(path, step))
      write(path, bytes_after(folder, path, step));
  }
}

std::map<std::string, std::string> contents_of(const fs::path& folder) {
  std::map<std::string, std::string> contents;
  for (auto entry = fs::recursive_directory_iterator(folder); entry != fs::recursive_directory_iterator();
       ++entry) {
    const fs::file_status status = entry->symlink_status();
    std::string what = fmt::format("kind {}", static_cast<int>(status.type()));
    if (fs::is_regular_file(status)) what = base::hash_file(entry->path());
    if (fs::is_symlink(status)) what = fs::read_symlink(entry->path()).string();
    contents[entry->path().lexically_relative(folder).string()] = what;
  }
  return contents;
}

}  // namespace lethe::badinput
