from django.db import migrations

from repairhub.core.append_only import ForbidChanges


class Migration(migrations.Migration):
    dependencies = [("warranty", "0003_promised_terms_stay_as_written")]

    operations = [ForbidChanges("warranty_warranty")]
