#include "framework/report/page_style.h"

namespace lethe::report {

// Series colours keep a contrast of 3:1 or more against the paper in both schemes and differ in lightness as
// well as in hue; runs also differ by marker shape.
std::string_view page_style() {
  return R"css(
:root{color-scheme:light dark;--paper:#fbfaf7;--card:#fff;--ink:#1d1f24;--soft:#5b606b;--faint:#6c717b;--rule:#e2dfd7;--grid:#e9e6df;
--s0:#2459b3;--s1:#c4520a;--s2:#12785a;--s3:#7d4bb0;--s4:#a3294b;--s5:#6b6a12;--good:#12704f;--bad:#ad2b2b;--mark:#2459b340;--zebra:#f4f2ec}
@media (prefers-color-scheme:dark){:root{--paper:#15171b;--card:#1d2025;--ink:#e9e7e1;--soft:#a9adb6;--faint:#8b909a;--rule:#31353c;--grid:#292d33;
--s0:#82aef5;--s1:#f29a5b;--s2:#5ccfa2;--s3:#c09cf0;--s4:#f08aa4;--s5:#cdc95d;--good:#62d0a1;--bad:#f28b82;--mark:#82aef566;--zebra:#1a1d22}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:964px;padding:0 32px 64px;background:var(--paper);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Liberation Sans",Arial,sans-serif;font-variant-numeric:tabular-nums}
h1,h2,h3,h4{line-height:1.2;text-wrap:balance;font-weight:650}
h1{font-size:2.2rem;letter-spacing:-.02em;margin:.1em 0 .5em;overflow-wrap:anywhere}
h2{font-size:1.35rem;letter-spacing:-.01em;margin:0 0 .35em}
h3{font-size:1rem;margin:1.6em 0 .6em;color:var(--soft)}
h4{font-size:1rem;margin:0 0 .7em;line-height:1.4;font-weight:600}
header{padding:56px 0 8px}
.over{margin:0;color:var(--soft);font-size:.9rem}
.summary{font-size:1.12rem;line-height:1.6;max-width:44em;margin:0 0 .8em;text-wrap:pretty}
.lead{max-width:44em;color:var(--soft);margin:0 0 1.1em;text-wrap:pretty}
nav{position:sticky;top:0;z-index:1;background:var(--paper);border-bottom:1px solid var(--rule);margin:16px 0 0}
nav ul{display:flex;gap:4px 20px;overflow-x:auto;list-style:none;margin:0;padding:0;scrollbar-width:none}
nav a{display:block;padding:11px 0;color:var(--soft);text-decoration:none;font-size:.9rem;white-space:nowrap}
nav a:hover{color:var(--ink);text-decoration:underline;text-underline-offset:4px}
:focus-visible{outline:2px solid var(--s0);outline-offset:3px;border-radius:3px}
.skip{position:absolute;left:-999px}.skip:focus{left:16px;top:8px;background:var(--card);padding:8px 12px;z-index:2}
section{padding-top:52px;scroll-margin-top:0}
figure{margin:0 0 20px}
figcaption{color:var(--soft);font-size:.92rem;margin-bottom:6px}
.small figcaption{color:var(--ink);font-weight:600}
svg{display:block;width:100%;height:auto;overflow:visible}
.narrow{display:none}
.drawings:has(.small){display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,360px),1fr));gap:8px 28px}
text{font-size:12px;fill:var(--soft)}
.axis-label{fill:var(--soft)}.tick{fill:var(--faint)}.note{fill:var(--soft);font-style:italic}
.row-label{fill:var(--ink);font-size:13.5px;font-weight:600}text.value{fill:var(--ink);font-size:12.5px;font-weight:600;paint-order:stroke;stroke:var(--paper);stroke-width:3px}
.grid{stroke:var(--grid)}.axis{stroke:var(--faint)}
.s0{--c:var(--s0)}.s1{--c:var(--s1)}.s2{--c:var(--s2)}.s3{--c:var(--s3)}.s4{--c:var(--s4)}.s5{--c:var(--s5)}
.dot{fill:var(--c)}.open{fill:var(--paper);stroke:var(--c);stroke-width:1.5}.hollow{fill:var(--paper);stroke:var(--ink);stroke-width:1.6}
.stem{stroke:var(--c);stroke-width:2.5;opacity:.55}.whisker{stroke:var(--c);stroke-width:1.2;opacity:.55}
.curve{fill:none;stroke:var(--c);stroke-width:1.8;stroke-linejoin:round}.trail{fill:none;stroke:var(--c);stroke-width:1.6;opacity:.6}
.bar{fill:var(--c);opacity:.5}.expected{fill:none;stroke:var(--ink);stroke-width:1.6}
.hover{fill:transparent}.bar:hover{opacity:.85}
.legend{display:flex;flex-wrap:wrap;gap:4px 22px;list-style:none;padding:0;margin:0 0 12px;font-size:.92rem}
.key{display:inline-block;width:.85em;height:.85em;vertical-align:-.06em}
.scroll{overflow-x:auto;border-radius:6px}.tall{max-height:420px;overflow-y:auto}
table{border-collapse:collapse;font-size:.94rem;width:100%}
th,td{padding:7px 12px;text-align:right;border-bottom:1px solid var(--rule);vertical-align:baseline;white-space:nowrap}
th:first-child,td:first-child{text-align:left;padding-left:2px}
thead th{color:var(--soft);font-weight:500;font-size:.86rem}
tbody th{font-weight:400}
thead th[colspan]{text-align:left;color:var(--ink);font-weight:600}.changes thead tr:not(:last-child)>*{border-bottom:0;padding-bottom:0}
.changes .first{padding-left:34px}
.set th{padding-top:20px;font-weight:650;border-bottom-color:var(--faint)}.set small{font-weight:400;margin-left:.5em}
.texts td+td{white-space:normal;text-align:left;min-width:14em}.texts thead th:nth-child(n+3){text-align:left}
small{color:var(--soft);font-size:.82em;font-weight:400}
.goal{color:var(--faint)}.none{color:var(--faint)}
.good,.bad{font-weight:650}.good{color:var(--good)}.bad{color:var(--bad)}
.good::after{content:" \2714";font-size:.8em}.bad::after{content:" \2716";font-size:.8em}.level::after{content:" \2714";font-size:.8em;visibility:hidden}
.facts th:first-child{color:var(--soft)}.facts th,.facts td{text-align:left;white-space:normal;overflow-wrap:anywhere;min-width:9em}
.facts tbody th{min-width:10em;width:14em}.differs{background:var(--zebra)}.differs td{font-weight:600}
.removed th,.removed td{text-align:left;white-space:normal;min-width:8em}.removed td:first-child{overflow-wrap:anywhere}.removed :nth-child(2){min-width:5em}
.numbers th,.numbers td{padding:4px 12px}.numbers thead th{position:sticky;top:0;background:var(--paper)}
code,pre{font:.86em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
pre{background:var(--card);border:1px solid var(--rule);border-radius:6px;padding:14px 16px;overflow-x:auto;margin:8px 0 0}
details{margin:6px 0 0}summary{cursor:pointer;color:var(--soft);font-size:.92rem;padding:4px 0}summary:hover{color:var(--ink)}
.cards{display:grid;gap:14px}
.card{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:18px 20px}
dl{margin:0;display:grid;gap:8px}
.answer{display:grid;grid-template-columns:10em 1fr;gap:0 16px}
dt{color:var(--soft);font-size:.88rem;padding-top:.1em}dd{margin:0;overflow-wrap:anywhere}
.run{display:block;font-size:.93em;color:var(--faint)}
.expected dd{color:var(--soft)}.after dd{font-weight:500}
mark{background:none;color:inherit;text-decoration:underline;text-decoration-color:var(--mark);text-decoration-thickness:.3em;text-underline-offset:-.02em;text-decoration-skip-ink:none}
.missing{padding-left:1.2em;max-width:44em;margin:0}.missing li{margin:.35em 0}
footer{margin-top:56px;padding-top:14px;border-top:1px solid var(--rule);color:var(--soft);font-size:.88rem}
@media (max-width:640px){body{padding:0 18px 40px;font-size:15.5px}header{padding-top:32px}h1{font-size:1.7rem}section{padding-top:38px}
.changes td small{display:none}.changes{font-size:.86rem}.wide{display:none}.narrow{display:block}.texts td small{display:block}.texts td+td{min-width:10em}.answer{grid-template-columns:1fr}.run{display:inline}.summary{font-size:1.05rem}
.card{padding:14px 15px}th,td{padding:6px 9px}.changes th,.changes td{padding:6px 5px}.changes .first{padding-left:16px}.facts tbody th{width:auto;min-width:8em}}
@media print{nav,.skip{display:none}body{max-width:none}section{break-inside:avoid}}
)css";
}

}  // namespace lethe::report
