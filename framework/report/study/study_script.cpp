#include "framework/report/study/study_page.h"

namespace lethe::report {

// A filter's words must all stand in a row. A header's button sorts its column, up, then down; rows without a
// value stay last.
std::string_view study_script() {
  return R"js(
'use strict';
const value=(row,i,isNumber)=>{const c=row.cells[i];if(!c)return null;const v=c.dataset.v??c.textContent.trim();
 if(v==='')return null;return isNumber||(!isNaN(v)&&v.trim()!=='')?Number(v):v.toLowerCase();};
const compare=(a,b)=>typeof a===typeof b?(a<b?-1:a>b?1:0):(typeof a==='number'?-1:1);
document.querySelectorAll('table.sortable').forEach(table=>{
 const body=table.tBodies[0],heads=[...table.tHead.rows[0].cells];
 heads.forEach((head,i)=>{const button=head.querySelector('button.sort');if(!button)return;
  button.addEventListener('click',()=>{const down=head.getAttribute('aria-sort')==='ascending',number=head.hasAttribute('data-number');
   heads.forEach(h=>h.removeAttribute('aria-sort'));head.setAttribute('aria-sort',down?'descending':'ascending');
   const rows=[...body.rows].map((row,at)=>({row,at,v:value(row,i,number)}));
   rows.sort((a,b)=>a.v===null||b.v===null?(a.v===null)-(b.v===null)||a.at-b.at:(down?-1:1)*compare(a.v,b.v)||a.at-b.at);
   rows.forEach(r=>body.appendChild(r.row));});});});
document.querySelectorAll('input.filter').forEach(input=>{
 const table=document.getElementById(input.dataset.table),count=document.getElementById(input.dataset.count);
 const apply=()=>{const words=input.value.toLowerCase().split(/\s+/).filter(Boolean);let shown=0;
  for(const row of table.tBodies[0].rows){const text=row.textContent.toLowerCase();
   row.hidden=!words.every(w=>text.includes(w));shown+=row.hidden?0:1;}
  count.textContent=shown+' of '+table.tBodies[0].rows.length+' rows';};
 input.addEventListener('input',apply);
 input.addEventListener('keydown',e=>{if(e.key==='Escape'){input.value='';apply();}});apply();});
document.querySelectorAll('.needs-script').forEach(e=>{e.hidden=false;});
)js";
}

}  // namespace lethe::report
