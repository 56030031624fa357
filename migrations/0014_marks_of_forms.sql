-- The marks of forms that were sent are looked into only once it is known whose they are: the wall can stand before them.
alter table form_submissions enable row level security;
create policy own_organisation on form_submissions
  using (organisation_id = (select current_setting('app.organisation_id', true)));
