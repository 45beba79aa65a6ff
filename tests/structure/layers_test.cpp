// Includes point one way (framework/cmake/layers.txt), and no files include each other in a circle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/structure/source_tree.h"

namespace lethe::structure {
namespace {

using Table = std::map<std::string, std::set<std::string>>;
using Graph = std::map<std::string, std::vector<std::string>>;

// "file includes header: part may not include part", one a wrong include.
std::vector<std::string> wrong_includes(const Table& table, const std::vector<SourceFile>& files) {
  std::vector<std::string> wrong;
  for (const auto& file : files) {
    const auto part = part_of(file.path);
    const auto row = table.find(part);
    if (row == table.end()) {
      wrong.push_back(file.path + ": part `" + part + "` is not in layers.txt");
      continue;
    }
    for (const auto& include : own_includes(file.text)) {
      const auto target = part_of(include);
      if (target != part && !row->second.contains(target))
        wrong.push_back(file.path + " includes " + include + ": " + part + " may not include " + target);
    }
  }
  return wrong;
}

Graph include_graph(const std::vector<SourceFile>& files) {
  Graph graph;
  for (const auto& file : files) graph[file.path] = own_includes(file.text);
  return graph;
}

// The first circle met, as "a -> b -> a"; "" if there is none.
std::string circle(const Graph& graph) {
  std::map<std::string, int> state;  // 1 on the current path, 2 done
  std::vector<std::string> path;
  std::function<std::string(const std::string&)> visit = [&](const std::string& node) -> std::string {
    path.push_back(node);
    if (state[node] == 1) return ::testing::PrintToString(path);
    if (state[node] == 2 || !graph.contains(node)) return path.pop_back(), "";
    state[node] = 1;
    for (const auto& next : graph.at(node))
      if (auto found = visit(next); !found.empty()) return found;
    state[node] = 2;
    return path.pop_back(), "";
  };
  for (const auto& [node, edges] : graph)
    if (auto found = visit(node); !found.empty()) return found;
  return "";
}

Table project_table() { return layer_table(read_file(source_root() / "framework/cmake/layers.txt")); }

TEST(Layers, EveryIncludePointsDownwards) {
  const auto files = cpp_files(false);
  ASSERT_GT(files.size(), 20U);
  EXPECT_THAT(wrong_includes(project_table(), files), ::testing::IsEmpty());
}

TEST(Layers, EveryIncludeNamesAFileThatExists) {
  for (const auto& file : cpp_files(true))
    for (const auto& include : own_includes(file.text))
      EXPECT_TRUE(std::filesystem::exists(source_root() / include)) << file.path << " includes " << include;
}

TEST(Layers, TheTableHasNoCircle) {
  Graph graph;
  for (const auto& [part, allowed] : project_table()) graph[part] = {allowed.begin(), allowed.end()};
  EXPECT_EQ(circle(graph), "");
}

TEST(Layers, NoFilesIncludeEachOtherInACircle) { EXPECT_EQ(circle(include_graph(cpp_files(true))), ""); }

TEST(Layers, AnUpwardIncludeIsFound) {
  const Table table = layer_table("# comment\nbase:\nconfig: base\n");
  const SourceFile upward{"framework/base/a.h", "#include \"framework/config/b.h\"\n"};
  const SourceFile downward{"framework/config/b.h", "#include \"framework/base/a.h\"\n"};
  EXPECT_THAT(wrong_includes(table, {upward}),
              ::testing::ElementsAre(::testing::HasSubstr("base may not include config")));
  EXPECT_THAT(wrong_includes(table, {downward}), ::testing::IsEmpty());
  EXPECT_THAT(circle(include_graph({upward, downward})), ::testing::HasSubstr("framework/config/b.h"));
}

TEST(Layers, APartWithoutARowIsFound) {
  EXPECT_THAT(wrong_includes(layer_table("base:\n"), {{"framework/attic/a.h", ""}}), ::testing::SizeIs(1));
}

}  // namespace
}  // namespace lethe::structure
