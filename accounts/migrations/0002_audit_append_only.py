"""The audit trail can only grow: PostgreSQL refuses to change or delete its rows."""

from django.db import migrations

INSTALL = """
CREATE FUNCTION accounts_audit_is_final() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'the audit trail can only grow' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER accounts_audit_is_final BEFORE UPDATE OR DELETE ON accounts_auditentry
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunSQL(INSTALL, "DROP FUNCTION accounts_audit_is_final() CASCADE")]
